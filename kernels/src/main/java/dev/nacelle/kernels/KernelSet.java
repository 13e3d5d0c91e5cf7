package dev.nacelle.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One implementation of every operator that the engine calls, for one device and one number of
 * threads. Faces check shapes and types before anything native runs. All calls are synchronous and
 * deterministic: same input, same thread count, same bits. A set is used by one thread at a time.
 */
public interface KernelSet extends AutoCloseable {
  Backend backend();

  /**
   * For reports: {@code amx}, {@code avx512}, {@code avx2}, {@code neon}, {@code generic} or {@code
   * java}.
   */
  String isaLevel();

  int threads();

  /**
   * Why the C library does not run, with what to install, where this set stands in for it; null for
   * the C library itself. To be shown to the user once.
   */
  default @Nullable String fallbackReason() {
    return null;
  }

  RmsNorm rmsNorm();

  Rope rope();

  SwiGlu swiGlu();

  GeGlu geGlu();

  CrossEntropy crossEntropy();

  AdamW adamW();

  ClipGradNorm clipGradNorm();

  SumOfSquares sumOfSquares();

  SpikingNeuron spikingNeuron();

  FourierFilter fourierFilter();

  SpikePack spikePack();

  SpikeLinear spikeLinear();

  LeakyIntegrate leakyIntegrate();

  Products products();

  QuantizedLinear quantizedLinear();

  LoraLinear loraLinear();

  HydraLinear hydraLinear();

  DoraLinear doraLinear();

  Dequantize dequantize();

  QuantizeActivation quantizeActivation();

  /** Products with frozen matrices, plain or quantised. */
  default WeightProducts weightProducts() {
    return new WeightProducts(products(), quantizedLinear());
  }

  /**
   * Every library that multiplies here, whether chosen or not, opened for measurements: the best
   * rate of a machine is that of the fastest.
   */
  default List<Products> productLibraries() {
    return List.of(products());
  }

  Attention attention();

  /** Bytes of native scratch that the set holds from its opening to its close, outside any call. */
  default long scratchBytes() {
    return 0;
  }

  Elementwise elementwise();

  @Override
  void close();
}
