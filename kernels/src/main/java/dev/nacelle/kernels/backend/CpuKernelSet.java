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
import dev.nacelle.kernels.activation.CpuQuantizeActivation;
import dev.nacelle.kernels.adamw.CpuAdamW;
import dev.nacelle.kernels.adapter.CpuDoraLinear;
import dev.nacelle.kernels.adapter.CpuHydraLinear;
import dev.nacelle.kernels.adapter.CpuLoraLinear;
import dev.nacelle.kernels.clipgradnorm.CpuClipGradNorm;
import dev.nacelle.kernels.cpu.CpuAttention;
import dev.nacelle.kernels.cpu.CpuElementwise;
import dev.nacelle.kernels.cpu.CpuProducts;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.crossentropy.CpuCrossEntropy;
import dev.nacelle.kernels.fourierfilter.CpuFourierFilter;
import dev.nacelle.kernels.leakyintegrate.CpuLeakyIntegrate;
import dev.nacelle.kernels.neuron.CpuNeuron;
import dev.nacelle.kernels.quant.CpuDequantize;
import dev.nacelle.kernels.quant.CpuQuantizedLinear;
import dev.nacelle.kernels.rmsnorm.CpuRmsNorm;
import dev.nacelle.kernels.rope.CpuRope;
import dev.nacelle.kernels.spikelinear.CpuSpikeLinear;
import dev.nacelle.kernels.spikepack.CpuSpikePack;
import dev.nacelle.kernels.sumofsquares.CpuSumOfSquares;
import dev.nacelle.kernels.swiglu.CpuGatedUnit;
import java.util.List;

/** The operators of the C library. */
public final class CpuKernelSet implements KernelSet {
  private final KernelLibrary library;
  private final CpuProducts ownProducts;
  private final Products products;
  private final QuantizedLinear quantizedLinear;
  private final Dequantize dequantize;
  private final QuantizeActivation quantizeActivation;
  private final RmsNorm rmsNorm;
  private final Rope rope;
  private final SwiGlu swiGlu;
  private final GeGlu geGlu;
  private final CrossEntropy crossEntropy;
  private final AdamW adamW;
  private final ClipGradNorm clipGradNorm;
  private final SumOfSquares sumOfSquares;
  private final SpikingNeuron spikingNeuron;
  private final FourierFilter fourierFilter;
  private final SpikePack spikePack;
  private final SpikeLinear spikeLinear;
  private final LeakyIntegrate leakyIntegrate;
  private final CpuAttention attention;
  private final Elementwise elementwise;
  private final LoraLinear loraLinear;
  private final HydraLinear hydraLinear;
  private final DoraLinear doraLinear;

  public CpuKernelSet(KernelLibrary library) {
    this.library = library;
    this.ownProducts = new CpuProducts(library);
    this.products = ProductLibraries.choose(library, ownProducts);
    this.quantizedLinear = new CpuQuantizedLinear(library, ownProducts.workspace());
    this.dequantize = new CpuDequantize(library);
    this.quantizeActivation = new CpuQuantizeActivation(library);
    this.rmsNorm = new CpuRmsNorm(library);
    this.rope = new CpuRope(library);
    this.swiGlu = new CpuGatedUnit(library, "swiglu");
    this.geGlu = new CpuGatedUnit(library, "geglu");
    this.crossEntropy = new CpuCrossEntropy(library, products, quantizedLinear, dequantize);
    this.adamW = new CpuAdamW(library);
    this.clipGradNorm = new CpuClipGradNorm(library);
    this.sumOfSquares = new CpuSumOfSquares(library);
    this.spikingNeuron = new CpuNeuron(library);
    this.fourierFilter = new CpuFourierFilter(library);
    this.spikePack = new CpuSpikePack(library);
    this.spikeLinear = new CpuSpikeLinear(library, products);
    this.leakyIntegrate = new CpuLeakyIntegrate(library);
    this.attention = new CpuAttention(library);
    this.elementwise = new CpuElementwise(library);
    this.loraLinear = new CpuLoraLinear(products, quantizedLinear, elementwise);
    this.hydraLinear = new CpuHydraLinear(library, products, quantizedLinear, elementwise);
    this.doraLinear = new CpuDoraLinear(library, products, quantizedLinear, elementwise);
  }

  @Override
  public Backend backend() {
    return Backend.CPU;
  }

  @Override
  public String isaLevel() {
    return library.level().label();
  }

  @Override
  public int threads() {
    return library.threads();
  }

  @Override
  public RmsNorm rmsNorm() {
    return rmsNorm;
  }

  @Override
  public Rope rope() {
    return rope;
  }

  @Override
  public SwiGlu swiGlu() {
    return swiGlu;
  }

  @Override
  public GeGlu geGlu() {
    return geGlu;
  }

  @Override
  public CrossEntropy crossEntropy() {
    return crossEntropy;
  }

  @Override
  public AdamW adamW() {
    return adamW;
  }

  @Override
  public ClipGradNorm clipGradNorm() {
    return clipGradNorm;
  }

  @Override
  public SumOfSquares sumOfSquares() {
    return sumOfSquares;
  }

  @Override
  public SpikingNeuron spikingNeuron() {
    return spikingNeuron;
  }

  @Override
  public FourierFilter fourierFilter() {
    return fourierFilter;
  }

  @Override
  public SpikePack spikePack() {
    return spikePack;
  }

  @Override
  public SpikeLinear spikeLinear() {
    return spikeLinear;
  }

  @Override
  public LeakyIntegrate leakyIntegrate() {
    return leakyIntegrate;
  }

  @Override
  public Products products() {
    return products;
  }

  @Override
  public QuantizedLinear quantizedLinear() {
    return quantizedLinear;
  }

  @Override
  public QuantizeActivation quantizeActivation() {
    return quantizeActivation;
  }

  @Override
  public LoraLinear loraLinear() {
    return loraLinear;
  }

  @Override
  public HydraLinear hydraLinear() {
    return hydraLinear;
  }

  @Override
  public DoraLinear doraLinear() {
    return doraLinear;
  }

  @Override
  public Dequantize dequantize() {
    return dequantize;
  }

  @Override
  public List<Products> productLibraries() {
    return ProductLibraries.present(library, ownProducts);
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
  public long scratchBytes() {
    return ownProducts.workspace().byteSize();
  }

  /** Gives scratch back; the library stays loaded. */
  @Override
  public void close() {
    ownProducts.close();
    attention.close();
  }
}
