package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CudaKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cuda.EmulatedDevice;
import dev.nacelle.kernels.cuda.KernelArguments;
import dev.nacelle.kernels.cuda.LaunchShape;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A process of its own under AddressSanitizer and UBSan: runs a part of the matrix's cases, forward
 * and backward, by CUDA sources that were built with both. A finding ends the process; results are
 * the matrix's matter. With the word {@code probe} it does what must be found.
 */
final class SanitizedMain {
  private static final long SEED = 20261123;

  private SanitizedMain() {}

  public static void main(String[] args) {
    EmulatedDevice device = EmulatedDevice.of(Path.of(args[0]));
    if (!device.isSanitized()) {
      throw new IllegalStateException(args[0] + " was built without AddressSanitizer");
    }
    if (args[1].equals("probe")) {
      probe(device, args[2], Integer.parseInt(args[3]));
      return;
    }
    int every = Integer.parseInt(args[1]);
    CudaKernelSet set = new CudaKernelSet(device, "emulated");
    for (Operator operator : Operators.all()) {
      String name = operator.spec().name();
      System.out.println("sanitized " + name + " " + run(device, operator, set, every));
    }
    System.out.println("kernels " + String.join(" ", device.launched().stream().sorted().toList()));
    set.close();
  }

  private static void probe(EmulatedDevice device, String kernel, int at) {
    try (NativeBuffer y = device.guarded(4L * 128)) {
      device.launch(
          "probe",
          kernel,
          LaunchShape.blocks(1, 128),
          new KernelArguments().addresses(y.address()).flags(at));
    }
    System.out.println("probe ended");
  }

  /** How many runs there were. */
  private static int run(EmulatedDevice device, Operator operator, KernelSet set, int every) {
    String name = operator.spec().name();
    int runs = 0;
    int number = 0;
    for (MatrixCase point : MatrixCases.of(name)) {
      for (DType dtype : operator.spec().dtypes()) {
        if (number++ % every != 0) {
          continue;
        }
        CaseValues values = new CaseValues(point, operator, dtype, SEED);
        gradients(operator, point, values, dtype);
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.UNALIGNED)) {
          List<NativeBuffer> buffers = new ArrayList<>();
          Map<String, Operand> inputs = new LinkedHashMap<>();
          values.tensors.forEach(
              (tensor, v) ->
                  inputs.put(
                      tensor,
                      layout.place(
                          v.dtype,
                          v.numbers,
                          v.shape,
                          bytes -> keep(device.guarded(bytes), buffers))));
          execute(set, point, dtype, inputs, device, buffers);
          buffers.forEach(NativeBuffer::close);
          runs++;
        }
      }
    }
    return runs;
  }

  private static NativeBuffer keep(NativeBuffer buffer, List<NativeBuffer> buffers) {
    buffers.add(buffer);
    return buffer;
  }

  private static Map<String, Operand> execute(
      KernelSet set,
      MatrixCase point,
      DType dtype,
      Map<String, Operand> inputs,
      EmulatedDevice device,
      List<NativeBuffer> buffers) {
    return new OperatorRunner(Operators.all(), backend -> set)
        .run(
            point.operator(),
            Backend.CPU,
            inputs,
            OperatorMatrixTest.attributes(point, dtype),
            bytes -> keep(device.guarded(bytes), buffers));
  }

  /** Gradients of the outputs, whose shapes the Java reference tells. */
  private static void gradients(
      Operator operator, MatrixCase point, CaseValues values, DType dtype) {
    List<NativeBuffer> buffers = new ArrayList<>();
    Map<String, Operand> inputs = new LinkedHashMap<>();
    values.tensors.forEach(
        (tensor, v) ->
            inputs.put(tensor, Layout.CONTIGUOUS.place(v.dtype, v.numbers, v.shape, buffers)));
    Map<String, Operand> outputs =
        new OperatorRunner(Operators.all(), backend -> Kernels.reference())
            .run(
                point.operator(),
                Backend.REFERENCE,
                inputs,
                OperatorMatrixTest.attributes(point, dtype),
                bytes -> keep(NativeBuffer.allocate(bytes), buffers));
    for (TensorSpec output : operator.spec().outputs()) {
      Operand written = outputs.get(output.name());
      if (point.gradients().contains(output.name()) && written != null) {
        long[] shape = written.shape();
        if (output.name().equals("spikes") && written.dtype() == DType.I32) {
          shape = Objects.requireNonNull(inputs.get("x")).shape();
        }
        values.addGradient(output.name(), output.kind() == TensorSpec.Kind.FLOAT, shape);
      }
    }
    buffers.forEach(NativeBuffer::close);
  }
}
