package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CudaKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cuda.RedZones;
import dev.nacelle.kernels.gpu.GpuDevice;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.nativeaccess.cuda.CudaDriver;
import dev.nacelle.nativeaccess.cuda.CudaException;
import dev.nacelle.nativeaccess.cuda.KernelLadder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The matrix and the benches on a real GPU, in a process without JUnit and without LibTorch: the
 * oracle is the Java reference, which the usual build holds against LibTorch. What
 * jetson-tests/gpu/check starts; its result is one JSON file.
 *
 * <p>Arguments: OUT.json, matrix seconds, one case of how many, bench seconds (0 for none), cache
 * folder. Exit 0 where every case agreed, 1 where one did not, 5 where there is no GPU.
 */
final class GpuCheckMain {
  private static final long SEED = 20261123;
  private static final long COPY_BYTES = 1L << 30;
  private static final int SHOWN = 20;

  private final GpuDevice device;
  private final KernelSet reference = Kernels.reference();
  private final CudaKernelSet set;
  private final long deadline;
  private final int every;
  private int number;
  private int skipped;
  private double copy;

  private GpuCheckMain(GpuDevice device, double seconds, int every) {
    this.device = device;
    this.set = new CudaKernelSet(device, "sm_" + device.info().architecture());
    this.deadline = System.nanoTime() + (long) (seconds * 1e9);
    this.every = every;
  }

  public static void main(String[] args) throws IOException {
    CudaDriver driver;
    try {
      driver = CudaDriver.open();
      if (driver.devices().isEmpty()) {
        throw new NativeException("the driver knows no device");
      }
    } catch (NativeException e) {
      System.err.println("no GPU here: " + e.getMessage());
      System.exit(5);
      return;
    }
    KernelLadder ladder = KernelLadder.ofThisMachine(Path.of(args[4]));
    StringBuilder json = new StringBuilder("{\n");
    boolean well;
    try (GpuDevice device = new GpuDevice(driver, 0, ladder)) {
      GpuCheckMain check =
          new GpuCheckMain(device, Double.parseDouble(args[1]), Integer.parseInt(args[2]));
      json.append(" \"driver\": ").append(text(driver.toString())).append(",\n");
      json.append(" \"device\": ").append(text(device.info().toString())).append(",\n");
      well = check.matrix(json);
      double benchSeconds = Double.parseDouble(args[3]);
      if (benchSeconds > 0) {
        check.bench(json, benchSeconds);
      }
      check.ways(json);
      check.set.close();
    }
    json.append(" \"well\": ").append(well).append("\n}\n");
    Files.writeString(Path.of(args[0]), json);
    System.exit(well ? 0 : 1);
  }

  private boolean matrix(StringBuilder json) {
    json.append(" \"seed\": ").append(SEED).append(",\n \"matrix\": [\n");
    boolean well = true;
    int operators = 0;
    for (Operator operator : Operators.all()) {
      String name = operator.spec().name();
      List<String> failures = new ArrayList<>();
      int cases = 0;
      for (MatrixCase point : MatrixCases.of(name)) {
        for (DType dtype : operator.spec().dtypes()) {
          cases += point(operator, point, dtype, failures);
        }
      }
      System.err.println(name + ": " + cases + " cases, " + failures.size() + " failed");
      json.append(operators++ == 0 ? "" : ",\n")
          .append("  {\"operator\": ")
          .append(text(name))
          .append(", \"cases\": ")
          .append(cases)
          .append(", \"failed\": ")
          .append(failures.size())
          .append(", \"first\": ")
          .append(list(failures.subList(0, Math.min(SHOWN, failures.size()))))
          .append('}');
      well &= failures.isEmpty() && cases > 0;
    }
    json.append("\n ],\n \"cases_left_out_for_time\": ").append(skipped).append(",\n");
    return well && operators == Operators.all().size();
  }

  /** How many runs were held. */
  private int point(Operator operator, MatrixCase point, DType dtype, List<String> failures) {
    if (number++ % every != 0) {
      return 0;
    }
    if (System.nanoTime() > deadline) {
      skipped++;
      return 0;
    }
    List<NativeBuffer> host = new ArrayList<>();
    List<NativeBuffer> there = new ArrayList<>();
    int runs = 0;
    String where = dtype.label() + " " + point;
    try {
      CaseValues values = new CaseValues(point, operator, dtype, SEED);
      gradients(
          operator, point, values, run(reference, point, dtype, values, Layout.CONTIGUOUS, host));
      Map<String, Operand> want = run(reference, point, dtype, values, Layout.CONTIGUOUS, host);
      for (Layout layout : Layout.values()) {
        if (layout == Layout.CONTIGUOUS || point.fill() == Fill.NORMAL) {
          NativeMemory.from(
              device.managed(),
              () ->
                  run(set, point, dtype, values, layout, there)
                      .forEach(
                          (tensor, result) -> {
                            String wrong =
                                Comparison.outside(
                                    result,
                                    numbers(Objects.requireNonNull(want.get(tensor))),
                                    scale(want, operator.scaledBy(tensor)),
                                    tolerance(operator, tensor, dtype, point));
                            if (!wrong.isEmpty()) {
                              failures.add(where + " " + layout + " " + tensor + ": " + wrong);
                            }
                          }));
          runs++;
        }
      }
    } catch (CudaException e) {
      failures.add(where + ": " + e.getMessage());
      if (e.isFatal()) {
        throw e;
      }
    } catch (RuntimeException e) {
      failures.add(where + ": " + e);
    } finally {
      close(there, failures, where);
      close(host, failures, where);
    }
    return runs;
  }

  private static void close(List<NativeBuffer> buffers, List<String> failures, String where) {
    for (NativeBuffer buffer : buffers) {
      try {
        if (!buffer.isClosed()) {
          buffer.close();
        }
      } catch (AssertionError e) {
        failures.add(where + ": " + e.getMessage());
      }
    }
  }

  private static double[] scale(Map<String, Operand> want, String tensor) {
    Operand other = want.get(tensor);
    return other == null ? new double[0] : numbers(other);
  }

  /** The reference rounds as the device does: both may be off by the tolerance. */
  private static Tolerance tolerance(
      Operator operator, String tensor, DType dtype, MatrixCase point) {
    Tolerance one = operator.tolerance(tensor, dtype, point.terms());
    Tolerance two = new Tolerance(2 * one.relative(), 2 * one.scaled());
    return point.fill() == Fill.DENORMAL ? two.widened(1e-3) : two;
  }

  private static double[] numbers(Operand x) {
    double[] numbers = new double[Math.toIntExact(x.elements())];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Elements.get(x, Elements.offset(x, i));
    }
    return numbers;
  }

  private static Map<String, Operand> run(
      KernelSet kernels,
      MatrixCase point,
      DType dtype,
      CaseValues values,
      Layout layout,
      List<NativeBuffer> buffers) {
    Map<String, Operand> inputs = new LinkedHashMap<>();
    values.tensors.forEach(
        (name, v) -> inputs.put(name, layout.place(v.dtype, v.numbers, v.shape, buffers)));
    return new OperatorRunner(Operators.all(), backend -> kernels)
        .run(
            point.operator(),
            Backend.CPU,
            inputs,
            OperatorMatrixTest.attributes(point, dtype),
            bytes -> {
              NativeBuffer buffer = RedZones.allocate(bytes);
              buffers.add(buffer);
              return buffer;
            });
  }

  /** Gradients of the outputs, whose shapes the reference tells. */
  private static void gradients(
      Operator operator, MatrixCase point, CaseValues values, Map<String, Operand> outputs) {
    for (TensorSpec output : operator.spec().outputs()) {
      Operand written = outputs.get(output.name());
      if (point.gradients().contains(output.name()) && written != null) {
        long[] shape = written.shape();
        if (output.name().equals("spikes") && written.dtype() == DType.I32) {
          shape = Objects.requireNonNull(values.tensors.get("x")).shape;
        }
        values.addGradient(output.name(), output.kind() == TensorSpec.Kind.FLOAT, shape);
      }
    }
  }

  private void bench(StringBuilder json, double seconds) {
    copy = device.copyBandwidth(COPY_BYTES);
    json.append(" \"copy_bandwidth\": ").append(copy).append(",\n \"bench\": [\n");
    long end = System.nanoTime() + (long) (seconds * 1e9);
    NativeMemory.from(device.managed(), () -> benchAll(json, end));
    json.append("\n ],\n");
  }

  private void benchAll(StringBuilder json, long end) {
    int rows = 0;
    for (Operator operator : Operators.all()) {
      if (System.nanoTime() > end) {
        continue;
      }
      for (DType dtype : operator.spec().dtypes()) {
        try (BenchTensors tensors = new BenchTensors(operator.benchSizes())) {
          for (Measurement m : operator.measurements(set, dtype, tensors)) {
            json.append(rows++ == 0 ? "" : ",\n").append(row(operator, dtype, m));
          }
        } catch (RuntimeException e) {
          json.append(rows++ == 0 ? "" : ",\n")
              .append("  {\"op\": ")
              .append(text(operator.spec().name()))
              .append(", \"dtype\": ")
              .append(text(dtype.label()))
              .append(", \"error\": ")
              .append(text(String.valueOf(e)))
              .append('}');
        }
      }
    }
  }

  private String row(Operator operator, DType dtype, Measurement m) {
    double best = best(m.work());
    return "  {\"op\": "
        + text(operator.spec().name())
        + ", \"dtype\": "
        + text(dtype.label())
        + ", \"variant\": "
        + text(m.variant())
        + ", \"pass\": "
        + text(m.pass())
        + ", \"size\": "
        + text(operator.benchSizes().toString())
        + ", \"seconds\": "
        + best
        + ", \"bytes\": "
        + m.bytes()
        + ", \"flops\": "
        + m.flops()
        + ", \"share_of\": "
        + text(m.shareOf().label())
        + ", \"share_of_copy\": "
        + m.bytes() / best / copy
        + "}";
  }

  /** Wall time of a synchronous call, launch included, the best of many after the first few. */
  private static double best(Runnable work) {
    for (int i = 0; i < 3; i++) {
      work.run();
    }
    double best = Double.POSITIVE_INFINITY;
    long end = System.nanoTime() + 300_000_000L;
    for (int i = 0; i < 5 || System.nanoTime() < end; i++) {
      long begin = System.nanoTime();
      work.run();
      best = Math.min(best, (System.nanoTime() - begin) * 1e-9);
    }
    return best;
  }

  private void ways(StringBuilder json) {
    json.append(" \"ladder\": {");
    int n = 0;
    for (var way : device.ways().entrySet()) {
      json.append(n++ == 0 ? "\n  " : ",\n  ")
          .append(text(way.getKey()))
          .append(": ")
          .append(list(way.getValue().stream().map(KernelLadder.Rung::toString).toList()));
    }
    json.append("\n },\n \"kernels\": {");
    n = 0;
    for (var kernel : device.resources().entrySet()) {
      json.append(n++ == 0 ? "\n  " : ",\n  ")
          .append(text(kernel.getKey()))
          .append(": {\"registers\": ")
          .append(kernel.getValue().registers())
          .append(", \"local_bytes\": ")
          .append(kernel.getValue().localBytes())
          .append('}');
    }
    json.append("\n },\n");
  }

  private static String list(List<String> texts) {
    return "[" + String.join(", ", texts.stream().map(GpuCheckMain::text).toList()) + "]";
  }

  private static String text(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append('"').toString();
  }
}
