package dev.nacelle.kernels.operator;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One call of an operator on named tensors. It hands out inputs, allocates results in the types
 * that the specification says, and owns the scratch memory that the call needs.
 */
public final class OperatorCall implements AutoCloseable {
  private static final String GRADIENT = "grad_";

  private final OperatorSpec spec;
  private final Map<String, Operand> tensors;
  private final Attributes attributes;
  private final ShapePattern.Binding binding;
  private final DType storage;
  private final Allocator allocator;
  private final Map<String, Operand> results = new LinkedHashMap<>();
  private final List<NativeBuffer> scratch = new ArrayList<>();

  OperatorCall(
      OperatorSpec spec,
      Map<String, Operand> tensors,
      Attributes attributes,
      ShapePattern.Binding binding,
      DType storage,
      Allocator allocator) {
    this.spec = spec;
    this.tensors = tensors;
    this.attributes = attributes;
    this.binding = binding;
    this.storage = storage;
    this.allocator = allocator;
  }

  public Attributes attributes() {
    return attributes;
  }

  /** The storage type of this call. */
  public DType storage() {
    return storage;
  }

  /** A required input. */
  public Operand input(String name) {
    Operand input = tensors.get(name);
    if (input == null) {
      throw new IllegalStateException(spec.name() + " has no input '" + name + "'");
    }
    return input;
  }

  /** An input that may be absent. */
  public @Nullable Operand optional(String name) {
    return tensors.get(name);
  }

  /** The gradient given for an output, or null. */
  public @Nullable Operand gradientOf(String output) {
    return tensors.get(GRADIENT + output);
  }

  /** Whether any output was given a gradient. */
  public boolean wantsBackward() {
    return tensors.keySet().stream().anyMatch(name -> name.startsWith(GRADIENT));
  }

  /** Allocates an output in the shape and type that the specification says. */
  public Operand output(String name) {
    TensorSpec output = find(spec.outputs(), name);
    return result(
        name, gradientOrOwnType(output, false), ShapePattern.of(output.shape()).resolve(binding));
  }

  /** Allocates an output in a form that an attribute asks for. */
  public Operand outputAs(String name, DType dtype, long... shape) {
    return result(name, dtype, shape);
  }

  /** Allocates an output whose shape only the operator knows. */
  public Operand output(String name, long... shape) {
    return result(name, gradientOrOwnType(find(spec.outputs(), name), false), shape);
  }

  /** Allocates an output whose shape and element type only the operator knows. */
  public Operand output(String name, DType dtype, long... shape) {
    return result(find(spec.outputs(), name).name(), dtype, shape);
  }

  /** Allocates the gradient of an input, in the input's shape. */
  public Operand gradientFor(String input) {
    TensorSpec in = find(spec.inputs(), input);
    DType dtype =
        in.kind() == TensorSpec.Kind.STATE ? input(input).dtype() : gradientOrOwnType(in, true);
    return result(GRADIENT + input, dtype, input(input).shape());
  }

  /** Allocates the gradient of an input whose gradient has a shape of its own. */
  public Operand gradientFor(String input, long... shape) {
    return result(GRADIENT + input, gradientOrOwnType(find(spec.inputs(), input), true), shape);
  }

  /** As {@link #gradientFor(String)}, or null where the input was not given. */
  public @Nullable Operand gradientForOptional(String input) {
    return tensors.containsKey(input) ? gradientFor(input) : null;
  }

  private DType gradientOrOwnType(TensorSpec tensor, boolean gradient) {
    return switch (tensor.kind()) {
      case STORAGE -> storage;
      case PARAMETER -> gradient ? DType.FP32 : storage;
      case FLOAT, STATE -> DType.FP32;
      case INTEGER -> DType.I32;
      case BYTES -> DType.U8;
      case BITS -> gradient ? DType.FP32 : DType.I32;
    };
  }

  private Operand result(String name, DType dtype, long[] shape) {
    Operand result = Operand.of(allocator.allocate(bytes(dtype, shape)), dtype, shape);
    results.put(name, result);
    return result;
  }

  /** Memory that goes back when the call ends. */
  public NativeBuffer scratch(long bytes) {
    NativeBuffer buffer = NativeBuffer.allocate(bytes);
    scratch.add(buffer);
    return buffer;
  }

  /** The tensor itself when it is fp32, else an fp32 copy. */
  public Operand asFloat(Operand x) {
    if (x.dtype() == DType.FP32) {
      return x;
    }
    Operand copy = Operand.of(scratch(bytes(DType.FP32, x.shape())), DType.FP32, x.shape());
    Elements.copy(copy, x);
    return copy;
  }

  /** The tensor itself when it lies in one piece at its elements' alignment, else a copy that does. */
  public Operand contiguous(Operand x) {
    if (x.isContiguous() && Scratch.isAligned(x)) {
      return x;
    }
    Operand copy = Operand.of(scratch(x.byteSize()), x.dtype(), x.shape());
    Elements.copy(copy, x);
    return copy;
  }

  /** A result whose elements begin as those of an input: for operators that work in place. */
  public Operand outputFrom(String name, Operand input) {
    Operand result = output(name, input.shape());
    Elements.copy(result, input);
    return result;
  }

  /** Where a kernel that writes fp32 puts a result: the result itself, or scratch of its shape. */
  public @Nullable Operand wide(@Nullable Operand result) {
    return result == null || result.dtype() == DType.FP32
        ? result
        : Operand.of(scratch(bytes(DType.FP32, result.shape())), DType.FP32, result.shape());
  }

  /** Brings what was written to {@link #wide}'s place to the result. */
  public static void narrow(@Nullable Operand result, @Nullable Operand wide) {
    if (result != null && wide != null && result != wide) {
      Elements.copy(result, wide);
    }
  }

  Map<String, Operand> results() {
    return results;
  }

  private static TensorSpec find(List<TensorSpec> specs, String name) {
    for (TensorSpec spec : specs) {
      if (spec.name().equals(name)) {
        return spec;
      }
    }
    throw new IllegalStateException("no tensor is called '" + name + "'");
  }

  private static long bytes(DType dtype, long[] shape) {
    long n = dtype.bytes();
    for (long size : shape) {
      n = Math.multiplyExact(n, size);
    }
    return n;
  }

  @Override
  public void close() {
    scratch.forEach(NativeBuffer::close);
    scratch.clear();
  }
}
