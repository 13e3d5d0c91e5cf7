package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorUsageException;
import dev.nacelle.kernels.operator.ShapePattern;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/**
 * A process of its own under AddressSanitizer and UBSan: random cases of every operator, forward
 * and backward, by the C library that was built with both. A finding ends the process; a call that
 * is wrong must be refused before a kernel runs. Results are the matrix's matter; here a third of
 * them is held against those of the same numbers in contiguous tensors, bit by bit.
 *
 * <p>Arguments: the sanitizer's library, a file for the case that runs, levels with commas between,
 * seed, first case, cases of each operator; then operators, all where none is named.
 */
final class FuzzMain {
  private static final double MUTATED = 0.06;
  private static final int COMPARED = 3;
  private static final int MOST_THREADS = 3;
  private static final int LONGEST = 4096;

  private final ExactMemory memory;

  /** Stays when the process does not. */
  private final MappedByteBuffer running;

  private final List<KernelSet> sets = new ArrayList<>();
  private int refused;
  private int forward;
  private int backward;
  private int compared;

  private FuzzMain(ExactMemory memory, MappedByteBuffer running) {
    this.memory = memory;
    this.running = running;
  }

  public static void main(String[] args) throws IOException {
    FuzzMain fuzz = new FuzzMain(ExactMemory.of(Path.of(args[0])), map(Path.of(args[1])));
    for (String level : args[2].split(",", -1)) {
      for (int threads = 1; threads <= MOST_THREADS; threads += 2) {
        KernelLibrary.Opened opened = KernelLibrary.open(threads, level);
        KernelLibrary library = opened.library();
        if (library == null) {
          throw new IllegalStateException(opened.reason());
        }
        fuzz.sets.add(new CpuKernelSet(library));
      }
    }
    long seed = Long.parseLong(args[3]);
    long first = Long.parseLong(args[4]);
    int cases = Integer.parseInt(args[5]);
    List<String> only = List.of(args).subList(6, args.length);
    for (Operator operator : Operators.all()) {
      String name = operator.spec().name();
      if (only.isEmpty() || only.contains(name)) {
        fuzz.operator(operator, seed, first, cases);
        System.out.printf(
            "fuzzed %s %d %d %d %d %d%n",
            name, cases, fuzz.forward, fuzz.backward, fuzz.refused, fuzz.compared);
      }
    }
  }

  private static MappedByteBuffer map(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, LONGEST);
    }
  }

  private void remember(String text) {
    byte[] bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
    running.put(0, bytes, 0, Math.min(bytes.length, LONGEST));
  }

  private void operator(Operator operator, long seed, long first, int cases) {
    refused = 0;
    forward = 0;
    backward = 0;
    compared = 0;
    for (long number = first; number < first + cases; number++) {
      SplittableRandom random =
          new SplittableRandom(seed * 1_000_003 + number ^ operator.spec().name().hashCode());
      MatrixCase point = FuzzCase.of(operator, random);
      List<DType> dtypes = operator.spec().dtypes();
      DType dtype = dtypes.get(random.nextInt(dtypes.size()));
      String where =
          operator.spec().name()
              + " case "
              + number
              + " of seed "
              + seed
              + ": "
              + dtype
              + " "
              + point;
      remember(where);
      try {
        NativeMemory.from(memory, () -> one(operator, point, dtype, random));
      } catch (RuntimeException e) {
        throw new IllegalStateException(where, e);
      }
    }
  }

  private void one(Operator operator, MatrixCase point, DType dtype, SplittableRandom random) {
    CaseValues values = new CaseValues(point, operator, dtype, random.nextLong(), false);
    gradients(operator, point, values);
    List<NativeBuffer> buffers = new ArrayList<>();
    try {
      Map<String, Operand> inputs = new LinkedHashMap<>();
      values.tensors.forEach(
          (tensor, v) ->
              inputs.put(
                  tensor,
                  FuzzLayout.place(
                      random, v, bytes -> keep(NativeBuffer.allocate(bytes), buffers))));
      if (random.nextDouble() < MUTATED) {
        mutate(inputs, random, buffers);
      }
      KernelSet set = sets.get(random.nextInt(sets.size()));
      Map<String, String> attributes = OperatorMatrixTest.attributes(point, dtype);
      Map<String, Operand> results = CpuRun.of(set, point.operator(), inputs, attributes, buffers);
      if (random.nextInt(COMPARED) == 0) {
        Map<String, Operand> plain = new LinkedHashMap<>();
        inputs.forEach((tensor, x) -> plain.put(tensor, contiguous(x, buffers)));
        same(results, CpuRun.of(set, point.operator(), plain, attributes, buffers));
        compared++;
      }
      if (inputs.keySet().stream().anyMatch(name -> name.startsWith("grad_"))) {
        backward++;
      } else {
        forward++;
      }
    } catch (OperatorInputException | OperatorUsageException e) {
      refused++;
    } finally {
      for (NativeBuffer buffer : buffers) {
        if (!buffer.isClosed()) {
          buffer.close();
        }
      }
    }
  }

  private static Operand contiguous(Operand x, List<NativeBuffer> buffers) {
    Operand copy = zeros(x.dtype(), x.shape(), buffers);
    for (long i = 0; i < x.elements(); i++) {
      Elements.set(copy, i, Elements.get(x, Elements.offset(x, i)));
    }
    return copy;
  }

  private static void same(Map<String, Operand> results, Map<String, Operand> plain) {
    results.forEach(
        (tensor, got) -> {
          String wrong = Comparison.bits(got, Objects.requireNonNull(plain.get(tensor)));
          if (!wrong.isEmpty()) {
            throw new IllegalStateException("by its layout, " + tensor + " has " + wrong);
          }
        });
  }

  private static NativeBuffer keep(NativeBuffer buffer, List<NativeBuffer> buffers) {
    buffers.add(buffer);
    return buffer;
  }

  /** Takes a tensor away, or makes one dimension another size, or one more. */
  private static void mutate(
      Map<String, Operand> inputs, SplittableRandom random, List<NativeBuffer> buffers) {
    List<String> names = List.copyOf(inputs.keySet());
    String name = names.get(random.nextInt(names.size()));
    Operand x = Objects.requireNonNull(inputs.get(name));
    long[] shape = x.shape();
    if (random.nextInt(5) == 0) {
      inputs.remove(name);
    } else if (shape.length == 0 || random.nextInt(5) == 0) {
      long[] more = java.util.Arrays.copyOf(shape, shape.length + 1);
      more[shape.length] = 1;
      inputs.put(name, zeros(x.dtype(), more, buffers));
    } else {
      int d = random.nextInt(shape.length);
      shape[d] = Math.max(0, shape[d] + (random.nextBoolean() ? 1 : -1));
      inputs.put(name, zeros(x.dtype(), shape, buffers));
    }
  }

  private static Operand zeros(DType dtype, long[] shape, List<NativeBuffer> buffers) {
    long elements = 1;
    for (long size : shape) {
      elements *= size;
    }
    NativeBuffer buffer = keep(NativeBuffer.allocate(elements * dtype.bytes()), buffers);
    buffer.zero();
    return Operand.of(buffer, dtype, shape);
  }

  /** Gradients of the outputs, in the shapes that the description says. */
  private static void gradients(Operator operator, MatrixCase point, CaseValues values) {
    ShapePattern.Binding binding = new ShapePattern.Binding(new HashMap<>());
    for (TensorSpec input : operator.spec().inputs()) {
      long[] shape = point.shapes().get(input.name());
      if (shape != null) {
        ShapePattern.of(input.shape()).bind(shape, binding);
      }
    }
    for (TensorSpec output : operator.spec().outputs()) {
      if (point.gradients().contains(output.name())) {
        values.addGradient(
            output.name(),
            output.kind() == TensorSpec.Kind.FLOAT,
            ShapePattern.of(output.shape()).resolve(binding));
      }
    }
  }
}
