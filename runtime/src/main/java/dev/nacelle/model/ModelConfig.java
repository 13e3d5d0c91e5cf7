package dev.nacelle.model;

import dev.nacelle.nativeaccess.DType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model is, whatever file said so.
 *
 * @param family what kind of model
 * @param traits what of its arithmetic sizes do not say
 * @param hiddenSize C, the width of the residual stream
 * @param intermediateSize width of the gated feed-forward
 * @param layers blocks
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDim D, elements a head; even
 * @param vocabularySize V, rows of the embedding and of the head
 * @param rmsNormEps added to the mean square
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling how they are stretched
 * @param maxPositionEmbeddings tokens that the model says it was made for
 * @param attentionBias whether q, k, v and, as the family has it, o have biases
 * @param mlpBias whether gate, up and down have biases
 * @param tieWordEmbeddings whether the head is the embedding
 * @param bosTokenId first token of a text; null where the model names none
 * @param eosTokenIds tokens that end a generation; may be empty
 * @param padTokenId null where the model names none
 * @param dtype element type that the model was saved for; null where it does not say
 */
public record ModelConfig(
    Family family,
    Traits traits,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int vocabularySize,
    double rmsNormEps,
    double ropeTheta,
    RopeScaling ropeScaling,
    int maxPositionEmbeddings,
    boolean attentionBias,
    boolean mlpBias,
    boolean tieWordEmbeddings,
    @Nullable Integer bosTokenId,
    List<Integer> eosTokenIds,
    @Nullable Integer padTokenId,
    @Nullable DType dtype) {

  public ModelConfig {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  /** A Llama. */
  public ModelConfig(
      int hiddenSize,
      int intermediateSize,
      int layers,
      int heads,
      int kvHeads,
      int headDim,
      int vocabularySize,
      double rmsNormEps,
      double ropeTheta,
      RopeScaling ropeScaling,
      int maxPositionEmbeddings,
      boolean attentionBias,
      boolean mlpBias,
      boolean tieWordEmbeddings,
      @Nullable Integer bosTokenId,
      List<Integer> eosTokenIds,
      @Nullable Integer padTokenId,
      @Nullable DType dtype) {
    this(
        LlamaFamily.FAMILY,
        Traits.plain(layers, headDim),
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        vocabularySize,
        rmsNormEps,
        ropeTheta,
        ropeScaling,
        maxPositionEmbeddings,
        attentionBias,
        mlpBias,
        tieWordEmbeddings,
        bosTokenId,
        eosTokenIds,
        padTokenId,
        dtype);
  }

  /** The same model with other rotary positions. */
  ModelConfig withRope(RopeScaling scaling) {
    return new ModelConfig(
        family,
        traits,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        vocabularySize,
        rmsNormEps,
        ropeTheta,
        scaling,
        maxPositionEmbeddings,
        attentionBias,
        mlpBias,
        tieWordEmbeddings,
        bosTokenId,
        eosTokenIds,
        padTokenId,
        dtype);
  }

  /** The same model with fewer blocks, or more. */
  public ModelConfig withLayers(int count) {
    return new ModelConfig(
        family,
        traits.withLayers(count),
        hiddenSize,
        intermediateSize,
        count,
        heads,
        kvHeads,
        headDim,
        vocabularySize,
        rmsNormEps,
        ropeTheta,
        ropeScaling,
        maxPositionEmbeddings,
        attentionBias,
        mlpBias,
        tieWordEmbeddings,
        bosTokenId,
        eosTokenIds,
        padTokenId,
        dtype);
  }

  /** The same sizes with other traits. */
  ModelConfig with(Traits other) {
    return new ModelConfig(
        family,
        other,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        kvHeads,
        headDim,
        vocabularySize,
        rmsNormEps,
        ropeTheta,
        ropeScaling,
        maxPositionEmbeddings,
        attentionBias,
        mlpBias,
        tieWordEmbeddings,
        bosTokenId,
        eosTokenIds,
        padTokenId,
        dtype);
  }

  /** Rows of the query projection: heads × headDim. */
  public int queryWidth() {
    return heads * headDim;
  }

  /** Rows of the key projection and of the value projection: kvHeads × headDim. */
  public int keyValueWidth() {
    return kvHeads * headDim;
  }

  /** Elements of all tensors, the head counted once where it is tied. */
  public long parameters() {
    long total = 0;
    for (ModelTensors.Expected tensor : ModelTensors.expected(this)) {
      total = Math.addExact(total, tensor.elements());
    }
    return total;
  }
}
