package dev.nacelle.adapter;

import dev.nacelle.file.NamedTensor;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.List;

/** What an adapter adds to one linear layer. */
public sealed interface LayerAdapter permits LowRankPair, DoraPair, HydraHeads, VeraVectors {
  /** The layer in Hugging Face's words, {@code model.layers.0.self_attn.q_proj}. */
  String modulePath();

  /** What trains, in the order of the file. */
  List<Parameter> parameters();

  /** What a file holds, and what memory is given back: what trains, and what stays as it began. */
  default List<Parameter> tensors() {
    return parameters();
  }

  /** Those of the parameters whose rate the LoRA+ ratio multiplies: the up-projections. */
  List<Parameter> ups();

  /**
   * The layer with what is added.
   *
   * @param base the frozen layer
   * @param training whether anything is dropped
   * @param tokenOffset number of the pass's first token in the run, for the dropout's counter
   */
  Function beside(FrozenLinear base, boolean training, long tokenOffset);

  /** The same parameters with another dropout. */
  LayerAdapter withDropout(float dropout);

  /**
   * A parameter's value or gradient under the names of the file.
   *
   * @param tensor of the parameter's shape
   */
  default List<NamedTensor> named(Parameter parameter, Tensor tensor) {
    return List.of(NamedTensor.of(parameter.name(), DType.FP32, tensor.shape(), tensor.memory()));
  }

  /** What a file holds of it. */
  default List<NamedTensor> saved() {
    return tensors().stream().flatMap(p -> named(p, p.value()).stream()).toList();
  }

  /**
   * Operations for each token, forward and back: two for each element in each of three products.
   */
  default double flopsPerToken() {
    return 6.0 * parameters().stream().mapToLong(p -> p.value().elements()).sum();
  }
}
