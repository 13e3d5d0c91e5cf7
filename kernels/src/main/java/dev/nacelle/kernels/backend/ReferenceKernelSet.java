package dev.nacelle.kernels.backend;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.ClipGradNorm;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.Dequantize;
import dev.nacelle.kernels.DoraLinear;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.FourierFilter;
import dev.nacelle.kernels.GeGlu;
import dev.nacelle.kernels.HydraLinear;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.LeakyIntegrate;
import dev.nacelle.kernels.LoraLinear;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizeActivation;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.RmsNorm;
import dev.nacelle.kernels.Rope;
import dev.nacelle.kernels.SpikeLinear;
import dev.nacelle.kernels.SpikePack;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.SumOfSquares;
import dev.nacelle.kernels.SwiGlu;
import dev.nacelle.kernels.activation.ReferenceQuantizeActivation;
import dev.nacelle.kernels.adamw.ReferenceAdamW;
import dev.nacelle.kernels.adapter.ReferenceDoraLinear;
import dev.nacelle.kernels.adapter.ReferenceHydraLinear;
import dev.nacelle.kernels.adapter.ReferenceLoraLinear;
import dev.nacelle.kernels.clipgradnorm.ReferenceClipGradNorm;
import dev.nacelle.kernels.crossentropy.ReferenceCrossEntropy;
import dev.nacelle.kernels.fourierfilter.ReferenceFourierFilter;
import dev.nacelle.kernels.leakyintegrate.ReferenceLeakyIntegrate;
import dev.nacelle.kernels.neuron.ReferenceNeuron;
import dev.nacelle.kernels.quant.ReferenceDequantize;
import dev.nacelle.kernels.quant.ReferenceQuantizedLinear;
import dev.nacelle.kernels.reference.ReferenceAttention;
import dev.nacelle.kernels.reference.ReferenceElementwise;
import dev.nacelle.kernels.rmsnorm.ReferenceRmsNorm;
import dev.nacelle.kernels.rope.ReferenceRope;
import dev.nacelle.kernels.spikelinear.ReferenceSpikeLinear;
import dev.nacelle.kernels.spikepack.ReferenceSpikePack;
import dev.nacelle.kernels.sumofsquares.ReferenceSumOfSquares;
import dev.nacelle.kernels.swiglu.ReferenceGeGlu;
import dev.nacelle.kernels.swiglu.ReferenceSwiGlu;

/** The operators in plain Java, where no C library could be built or loaded. */
public final class ReferenceKernelSet implements KernelSet {
  private final String reason;
  private final int threads;
  private final Products products;
  private final Attention attention = new ReferenceAttention();
  private final Elementwise elementwise = new ReferenceElementwise();

  /**
   * @param reason why the C library does not run, with what to install
   */
  public ReferenceKernelSet(int threads, String reason, Products products) {
    this.products = products;
    this.threads = threads;
    this.reason = reason;
  }

  @Override
  public Backend backend() {
    return Backend.REFERENCE;
  }

  @Override
  public String isaLevel() {
    return "java";
  }

  @Override
  public int threads() {
    return threads;
  }

  @Override
  public String fallbackReason() {
    return reason;
  }

  @Override
  public RmsNorm rmsNorm() {
    return new ReferenceRmsNorm();
  }

  @Override
  public Rope rope() {
    return new ReferenceRope();
  }

  @Override
  public SwiGlu swiGlu() {
    return new ReferenceSwiGlu();
  }

  @Override
  public GeGlu geGlu() {
    return new ReferenceGeGlu();
  }

  @Override
  public CrossEntropy crossEntropy() {
    return new ReferenceCrossEntropy();
  }

  @Override
  public AdamW adamW() {
    return new ReferenceAdamW();
  }

  @Override
  public ClipGradNorm clipGradNorm() {
    return new ReferenceClipGradNorm();
  }

  @Override
  public SumOfSquares sumOfSquares() {
    return new ReferenceSumOfSquares();
  }

  @Override
  public SpikingNeuron spikingNeuron() {
    return new ReferenceNeuron();
  }

  @Override
  public FourierFilter fourierFilter() {
    return new ReferenceFourierFilter();
  }

  @Override
  public SpikePack spikePack() {
    return new ReferenceSpikePack();
  }

  @Override
  public SpikeLinear spikeLinear() {
    return new ReferenceSpikeLinear();
  }

  @Override
  public LeakyIntegrate leakyIntegrate() {
    return new ReferenceLeakyIntegrate();
  }

  @Override
  public Products products() {
    return products;
  }

  @Override
  public QuantizedLinear quantizedLinear() {
    return new ReferenceQuantizedLinear(products);
  }

  @Override
  public QuantizeActivation quantizeActivation() {
    return new ReferenceQuantizeActivation();
  }

  @Override
  public LoraLinear loraLinear() {
    return new ReferenceLoraLinear();
  }

  @Override
  public HydraLinear hydraLinear() {
    return new ReferenceHydraLinear();
  }

  @Override
  public DoraLinear doraLinear() {
    return new ReferenceDoraLinear();
  }

  @Override
  public Dequantize dequantize() {
    return new ReferenceDequantize();
  }

  @Override
  public Attention attention() {
    return attention;
  }

  @Override
  public Elementwise elementwise() {
    return elementwise;
  }

  @Override
  public void close() {}
}
