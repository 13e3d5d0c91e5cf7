package dev.nacelle.kernels.operator;

import dev.nacelle.kernels.Backend;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Set;

/**
 * What an operator is, without running it.
 *
 * @param name as OPERATORS.md calls it
 * @param summary one sentence
 * @param storage the element types that {@link TensorSpec.Kind#STORAGE} may stand for
 */
public record OperatorSpec(
    String name,
    String summary,
    List<TensorSpec> inputs,
    List<TensorSpec> outputs,
    List<AttributeSpec> attributes,
    Set<DType> storage,
    Set<Backend> backends) {

  /** fp32, bf16 and fp16: what nearly every operator stores in. */
  public static final Set<DType> COMPUTE = Set.of(DType.FP32, DType.BF16, DType.FP16);

  /** Whether any output can be given a gradient. */
  public boolean hasBackward() {
    return outputs.stream().anyMatch(TensorSpec::differentiable)
        && inputs.stream().anyMatch(TensorSpec::differentiable);
  }

  /** The storage types in a fixed order. */
  public List<DType> dtypes() {
    return storage.stream().sorted().toList();
  }
}
