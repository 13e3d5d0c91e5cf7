package dev.nacelle.kernels.operator;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Runs any operator on named tensors. What it was given is checked against the operator's
 * specification before anything is allocated.
 */
public final class OperatorRunner {
  private static final String GRADIENT = "grad_";

  private final Map<String, Operator> operators;
  private final Function<Backend, KernelSet> kernels;

  /**
   * @param operators all that can be run
   * @param kernels the set that executes a backend; it is not closed here
   */
  public OperatorRunner(Collection<Operator> operators, Function<Backend, KernelSet> kernels) {
    this.operators = new LinkedHashMap<>();
    operators.forEach(operator -> this.operators.put(operator.spec().name(), operator));
    this.kernels = kernels;
  }

  /**
   * @throws OperatorUsageException if there is none of this name
   */
  public Operator find(String name) {
    Operator operator = operators.get(name);
    if (operator == null) {
      throw new OperatorUsageException(
          "no operator is called '"
              + name
              + "'; there are "
              + String.join(", ", operators.keySet()));
    }
    return operator;
  }

  /** Finds a backend by its name, for one operator. */
  public static Backend backend(OperatorSpec spec, String label) {
    for (Backend backend : Backend.values()) {
      if (backend.label().equals(label) && spec.backends().contains(backend)) {
        return backend;
      }
    }
    throw new OperatorUsageException(
        spec.name()
            + " has no backend '"
            + label
            + "'; it has "
            + spec.backends().stream()
                .sorted()
                .map(Backend::label)
                .collect(Collectors.joining(", ")));
  }

  /**
   * Holds attributes against an operator's specification, before anything is opened.
   *
   * @throws OperatorUsageException for an unknown attribute, or a value out of its range
   */
  public static void checkAttributes(OperatorSpec spec, Map<String, String> attributes) {
    Attributes.of(spec.name(), spec.attributes(), attributes);
  }

  /**
   * Forward, and backward where {@code inputs} holds a {@code grad_} of an output.
   *
   * @param inputs tensors under their argument names; not written
   * @param attributes texts; what is absent takes its default
   * @param allocator gives the memory of the results, which the caller closes; on failure it is
   *     closed here
   * @return outputs and {@code grad_} of every differentiable input that was given
   * @throws OperatorUsageException for an unknown operator, backend or attribute, or a value out of
   *     range
   * @throws OperatorInputException for a missing, unknown or ill-shaped tensor or a wrong type
   */
  public Map<String, Operand> run(
      String name,
      Backend backend,
      Map<String, Operand> inputs,
      Map<String, String> attributes,
      Allocator allocator) {
    Operator operator = find(name);
    OperatorSpec spec = operator.spec();
    if (!spec.backends().contains(backend)) {
      backend(spec, backend.label());
    }
    Attributes read = Attributes.of(name, spec.attributes(), attributes);
    ShapePattern.Binding binding = new ShapePattern.Binding(new HashMap<>());
    DType storage = checkTensors(spec, inputs, binding);
    List<NativeBuffer> given = new ArrayList<>();
    boolean done = false;
    try (OperatorCall call =
        new OperatorCall(
            spec,
            inputs,
            read,
            binding,
            storage,
            bytes -> {
              NativeBuffer buffer = allocator.allocate(bytes);
              given.add(buffer);
              return buffer;
            })) {
      operator.run(kernels.apply(backend), call);
      done = true;
      return call.results();
    } catch (OperatorUsageException | OperatorInputException e) {
      throw e;
    } catch (IllegalArgumentException e) {
      throw new OperatorInputException(name + ": " + e.getMessage(), e);
    } finally {
      if (!done) {
        given.forEach(NativeBuffer::close);
      }
    }
  }

  private static DType checkTensors(
      OperatorSpec spec, Map<String, Operand> tensors, ShapePattern.Binding binding) {
    List<TensorSpec> gradients = new ArrayList<>();
    if (spec.hasBackward()) {
      for (TensorSpec output : spec.outputs()) {
        if (output.differentiable()) {
          gradients.add(
              new TensorSpec(GRADIENT + output.name(), output.kind(), output.shape(), true, false));
        }
      }
    }
    for (String name : tensors.keySet()) {
      if (!named(spec.inputs(), name) && !named(gradients, name)) {
        throw new OperatorInputException(unknown(spec, name, gradients));
      }
    }
    DType storage = null;
    for (TensorSpec input : spec.inputs()) {
      storage = checkTensor(spec, input, tensors.get(input.name()), storage, binding);
    }
    for (TensorSpec gradient : gradients) {
      storage = checkTensor(spec, gradient, tensors.get(gradient.name()), storage, binding);
    }
    return storage == null ? DType.FP32 : storage;
  }

  private static @Nullable DType checkTensor(
      OperatorSpec spec,
      TensorSpec tensor,
      @Nullable Operand given,
      @Nullable DType storage,
      ShapePattern.Binding binding) {
    String where = spec.name() + ": tensor '" + tensor.name() + "'";
    if (given == null) {
      if (tensor.optional()) {
        return storage;
      }
      throw new OperatorInputException(
          where + " is missing; expected shape " + ShapePattern.of(tensor.shape()));
    }
    DType dtype = given.dtype();
    boolean fits =
        switch (tensor.kind()) {
          case STORAGE -> storage == null ? spec.storage().contains(dtype) : dtype == storage;
          case PARAMETER -> dtype.isCompute();
          case FLOAT -> dtype == DType.FP32;
          case INTEGER -> dtype == DType.I32 || dtype == DType.I64;
          case BYTES -> dtype == DType.U8;
          case STATE -> dtype == DType.FP32 || dtype == storage;
          case BITS -> dtype == DType.I32;
        };
    if (!fits) {
      throw new OperatorInputException(
          where + " must be " + types(spec, tensor.kind(), storage) + ", given " + given);
    }
    String expected = ShapePattern.of(tensor.shape()).bind(given.shape(), binding);
    if (expected != null) {
      throw new OperatorInputException(
          where + " has the wrong shape: expected " + expected + ", given " + given);
    }
    return tensor.kind() == TensorSpec.Kind.STORAGE ? dtype : storage;
  }

  private static String types(OperatorSpec spec, TensorSpec.Kind kind, @Nullable DType storage) {
    return switch (kind) {
      case STORAGE ->
          storage == null
              ? spec.dtypes().stream().map(DType::label).collect(Collectors.joining(" or "))
              : storage.label() + " like the tensors before it";
      case PARAMETER -> "fp32 or bf16 or fp16";
      case FLOAT -> "fp32";
      case INTEGER -> "i32 or i64";
      case BYTES -> "u8";
      case STATE ->
          storage == null || storage == DType.FP32 ? "fp32" : "fp32 or " + storage.label();
      case BITS -> "i32";
    };
  }

  private static boolean named(List<TensorSpec> specs, String name) {
    return specs.stream().anyMatch(spec -> spec.name().equals(name));
  }

  private static String unknown(OperatorSpec spec, String name, List<TensorSpec> gradients) {
    String known =
        java.util.stream.Stream.concat(spec.inputs().stream(), gradients.stream())
            .map(TensorSpec::name)
            .collect(Collectors.joining(", "));
    String backward =
        gradients.isEmpty() && name.startsWith(GRADIENT) ? "; it has no backward" : "";
    return spec.name() + " takes no tensor '" + name + "'" + backward + "; it takes " + known;
  }
}
