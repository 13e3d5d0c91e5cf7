package dev.nacelle;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.OperatorUsageException;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The engine's operators, one by one, on tensors of the program: forward, and backward where a
 * gradient of an output is given. Names, shapes and attributes are those of {@code ./nacelle op
 * list}.
 *
 * <p>Inputs are copied into native memory and results out of it, which suits experiments and tests;
 * training itself copies nothing. Safe for several threads, which compute at the same time.
 */
public final class Operators {
  private final Supplier<KernelSet> kernels;

  /**
   * @param kernels opens a set of its own for a call, which closes it
   */
  Operators(Supplier<KernelSet> kernels) {
    this.kernels = kernels;
  }

  /** Every operator. */
  public List<OperatorInfo> list() {
    return dev.nacelle.kernels.registry.Operators.all().stream()
        .map(Operator::spec)
        .map(Operators::describe)
        .toList();
  }

  private static OperatorInfo describe(OperatorSpec spec) {
    return new OperatorInfo(
        spec.name(),
        spec.summary(),
        spec.inputs().stream().map(Operators::describe).toList(),
        spec.outputs().stream().map(Operators::describe).toList(),
        spec.attributes().stream().map(Operators::describe).toList(),
        spec.hasBackward());
  }

  private static OperatorInfo.Argument describe(TensorSpec spec) {
    return new OperatorInfo.Argument(spec.name(), spec.shape(), spec.optional());
  }

  private static OperatorInfo.Attribute describe(AttributeSpec spec) {
    String text = spec.defaultText();
    return new OperatorInfo.Attribute(spec.name(), text == null ? "" : text, spec.range());
  }

  /** Runs with every attribute's default; otherwise as the other. */
  public Map<String, TensorData> run(String name, Map<String, TensorData> inputs) {
    return run(name, inputs, Map.of());
  }

  /**
   * Runs one operator.
   *
   * @param name {@code rms_norm} say
   * @param inputs tensors under their argument names; a {@code grad_} and an output's name asks for
   *     the backward too
   * @param attributes as texts, {@code "eps"} to {@code "1e-6"}; what is absent takes its default
   * @return outputs, and {@code grad_} of every differentiable input that was given
   * @throws NacelleException of kind USAGE for an unknown operator or attribute or a value out of
   *     range; INPUT for a missing, unknown or ill-shaped tensor or a wrong type; BUDGET where the
   *     memory does not suffice
   */
  public Map<String, TensorData> run(
      String name, Map<String, TensorData> inputs, Map<String, String> attributes) {
    return Failures.guard(() -> runGuarded(name, inputs, attributes));
  }

  private Map<String, TensorData> runGuarded(
      String name, Map<String, TensorData> inputs, Map<String, String> attributes) {
    List<NativeBuffer> memory = new ArrayList<>();
    try (KernelSet set = kernels.get()) {
      Map<String, Operand> operands = new LinkedHashMap<>();
      inputs.forEach((argument, tensor) -> operands.put(argument, copyIn(tensor, memory)));
      Map<String, Operand> results =
          new OperatorRunner(dev.nacelle.kernels.registry.Operators.all(), b -> set)
              .run(name, set.backend(), operands, attributes, bytes -> allocate(bytes, memory));
      Map<String, TensorData> out = new LinkedHashMap<>();
      results.forEach((argument, result) -> out.put(argument, copyOut(result)));
      return out;
    } catch (OperatorUsageException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          String.valueOf(e.getMessage()),
          "Operators.list() has every operator with its attributes",
          e);
    } catch (OperatorInputException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          String.valueOf(e.getMessage()),
          "Operators.list() says what " + name + " takes",
          e);
    } finally {
      memory.stream().filter(buffer -> !buffer.isClosed()).forEach(NativeBuffer::close);
    }
  }

  private static NativeBuffer allocate(long bytes, List<NativeBuffer> memory) {
    NativeBuffer buffer;
    try {
      buffer = NativeBuffer.allocate(bytes);
    } catch (NativeException e) {
      throw new NacelleException(
          NacelleException.Kind.BUDGET,
          String.valueOf(e.getMessage()),
          "give the operator smaller tensors",
          e);
    }
    memory.add(buffer);
    return buffer;
  }

  private static Operand copyIn(TensorData tensor, List<NativeBuffer> memory) {
    ByteBuffer bytes = tensor.bytes();
    NativeBuffer buffer = allocate(bytes.remaining(), memory);
    buffer.asByteBuffer(0, bytes.remaining()).put(bytes);
    return Operand.of(buffer, DType.valueOf(tensor.type().name()), tensor.shape());
  }

  private static TensorData copyOut(Operand result) {
    if (result.byteSize() > Integer.MAX_VALUE) {
      throw NacelleException.input(
          "a result of " + result.byteSize() + " bytes is larger than 2 GiB", "use op run");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) result.byteSize());
    bytes.put(result.buffer().asByteBuffer(result.byteOffset(), bytes.capacity())).flip();
    return TensorData.of(ElementType.valueOf(result.dtype().name()), bytes, result.shape());
  }
}
