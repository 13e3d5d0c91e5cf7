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

/** The operators of the C library; each binds its functions at its first use. */
public final class CpuKernelSet implements KernelSet {
  private final KernelLibrary library;
  private final CpuProducts ownProducts;
  private final Products products;
  private final Lazy<CpuAttention> attention;
  private final Lazy<Elementwise> elementwise;
  private final Lazy<QuantizedLinear> quantizedLinear;
  private final Lazy<Dequantize> dequantize;
  private final Lazy<QuantizeActivation> quantizeActivation;
  private final Lazy<RmsNorm> rmsNorm;
  private final Lazy<Rope> rope;
  private final Lazy<SwiGlu> swiGlu;
  private final Lazy<GeGlu> geGlu;
  private final Lazy<CrossEntropy> crossEntropy;
  private final Lazy<AdamW> adamW;
  private final Lazy<ClipGradNorm> clipGradNorm;
  private final Lazy<SumOfSquares> sumOfSquares;
  private final Lazy<SpikingNeuron> spikingNeuron;
  private final Lazy<FourierFilter> fourierFilter;
  private final Lazy<SpikePack> spikePack;
  private final Lazy<SpikeLinear> spikeLinear;
  private final Lazy<LeakyIntegrate> leakyIntegrate;
  private final Lazy<LoraLinear> loraLinear;
  private final Lazy<HydraLinear> hydraLinear;
  private final Lazy<DoraLinear> doraLinear;

  public CpuKernelSet(KernelLibrary library) {
    this.library = library;
    this.ownProducts = new CpuProducts(library);
    this.products = chosen(library, ownProducts);
    this.attention = new Lazy<>(() -> new CpuAttention(library));
    this.elementwise = new Lazy<>(() -> new CpuElementwise(library));
    this.quantizedLinear =
        new Lazy<>(() -> new CpuQuantizedLinear(library, ownProducts.workspace()));
    this.dequantize = new Lazy<>(() -> new CpuDequantize(library));
    this.quantizeActivation = new Lazy<>(() -> new CpuQuantizeActivation(library));
    this.rmsNorm = new Lazy<>(() -> new CpuRmsNorm(library));
    this.rope = new Lazy<>(() -> new CpuRope(library));
    this.swiGlu = new Lazy<>(() -> new CpuGatedUnit(library, "swiglu"));
    this.geGlu = new Lazy<>(() -> new CpuGatedUnit(library, "geglu"));
    this.crossEntropy =
        new Lazy<>(() -> new CpuCrossEntropy(library, products, quantizedLinear(), dequantize()));
    this.adamW = new Lazy<>(() -> new CpuAdamW(library));
    this.clipGradNorm = new Lazy<>(() -> new CpuClipGradNorm(library));
    this.sumOfSquares = new Lazy<>(() -> new CpuSumOfSquares(library));
    this.spikingNeuron = new Lazy<>(() -> new CpuNeuron(library));
    this.fourierFilter = new Lazy<>(() -> new CpuFourierFilter(library));
    this.spikePack = new Lazy<>(() -> new CpuSpikePack(library));
    this.spikeLinear = new Lazy<>(() -> new CpuSpikeLinear(library, products));
    this.leakyIntegrate = new Lazy<>(() -> new CpuLeakyIntegrate(library));
    this.loraLinear =
        new Lazy<>(() -> new CpuLoraLinear(products, quantizedLinear(), elementwise()));
    this.hydraLinear =
        new Lazy<>(() -> new CpuHydraLinear(library, products, quantizedLinear(), elementwise()));
    this.doraLinear =
        new Lazy<>(
            () ->
                new CpuDoraLinear(
                    library, products, quantizedLinear(), elementwise(), ownProducts.workspace()));
  }

  /** A setting that names no library must not leave scratch behind. */
  private static Products chosen(KernelLibrary library, CpuProducts own) {
    try {
      return ProductLibraries.choose(library, own);
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
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
    return rmsNorm.get();
  }

  @Override
  public Rope rope() {
    return rope.get();
  }

  @Override
  public SwiGlu swiGlu() {
    return swiGlu.get();
  }

  @Override
  public GeGlu geGlu() {
    return geGlu.get();
  }

  @Override
  public CrossEntropy crossEntropy() {
    return crossEntropy.get();
  }

  @Override
  public AdamW adamW() {
    return adamW.get();
  }

  @Override
  public ClipGradNorm clipGradNorm() {
    return clipGradNorm.get();
  }

  @Override
  public SumOfSquares sumOfSquares() {
    return sumOfSquares.get();
  }

  @Override
  public SpikingNeuron spikingNeuron() {
    return spikingNeuron.get();
  }

  @Override
  public FourierFilter fourierFilter() {
    return fourierFilter.get();
  }

  @Override
  public SpikePack spikePack() {
    return spikePack.get();
  }

  @Override
  public SpikeLinear spikeLinear() {
    return spikeLinear.get();
  }

  @Override
  public LeakyIntegrate leakyIntegrate() {
    return leakyIntegrate.get();
  }

  @Override
  public Products products() {
    return products;
  }

  @Override
  public QuantizedLinear quantizedLinear() {
    return quantizedLinear.get();
  }

  @Override
  public QuantizeActivation quantizeActivation() {
    return quantizeActivation.get();
  }

  @Override
  public LoraLinear loraLinear() {
    return loraLinear.get();
  }

  @Override
  public HydraLinear hydraLinear() {
    return hydraLinear.get();
  }

  @Override
  public DoraLinear doraLinear() {
    return doraLinear.get();
  }

  @Override
  public Dequantize dequantize() {
    return dequantize.get();
  }

  @Override
  public List<Products> productLibraries() {
    return ProductLibraries.present(library, ownProducts);
  }

  @Override
  public Attention attention() {
    return attention.get();
  }

  @Override
  public Elementwise elementwise() {
    return elementwise.get();
  }

  @Override
  public long scratchBytes() {
    return ownProducts.workspace().byteSize();
  }

  /** Gives scratch back; the library stays loaded. */
  @Override
  public void close() {
    ownProducts.close();
    attention.ifMade(CpuAttention::close);
  }
}
