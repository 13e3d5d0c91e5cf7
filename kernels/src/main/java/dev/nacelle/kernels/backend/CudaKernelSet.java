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
import dev.nacelle.kernels.crossentropy.CpuCrossEntropy;
import dev.nacelle.kernels.cuda.CudaDevice;
import dev.nacelle.kernels.cuda.CudaFunctions;
import dev.nacelle.kernels.fourierfilter.CpuFourierFilter;
import dev.nacelle.kernels.leakyintegrate.CpuLeakyIntegrate;
import dev.nacelle.kernels.neuron.CpuNeuron;
import dev.nacelle.kernels.quant.CpuDequantize;
import dev.nacelle.kernels.quant.CpuQuantizedLinear;
import dev.nacelle.kernels.rmsnorm.CpuRmsNorm;
import dev.nacelle.kernels.rope.CpuRope;
import dev.nacelle.kernels.spikelinear.CudaSpikeLinear;
import dev.nacelle.kernels.spikepack.CpuSpikePack;
import dev.nacelle.kernels.sumofsquares.CpuSumOfSquares;
import dev.nacelle.kernels.swiglu.CpuGatedUnit;

/**
 * The operators whose CUDA sources run on a device, by the faces of the C library: the entry points
 * have the same names and arguments, and launch plans carry them out.
 */
public final class CudaKernelSet implements KernelSet {
  private final String label;

  private final CpuProducts products;
  private final RmsNorm rmsNorm;
  private final Rope rope;
  private final AdamW adamW;
  private final ClipGradNorm clipGradNorm;
  private final CrossEntropy crossEntropy;
  private final QuantizedLinear quantizedLinear;
  private final Dequantize dequantize;
  private final SwiGlu swiGlu;
  private final GeGlu geGlu;
  private final SumOfSquares sumOfSquares;
  private final SpikingNeuron spikingNeuron;
  private final FourierFilter fourierFilter;
  private final SpikePack spikePack;
  private final SpikeLinear spikeLinear;
  private final LeakyIntegrate leakyIntegrate;
  private final QuantizeActivation quantizeActivation;
  private final CpuAttention attention;
  private final Elementwise elementwise;
  private final LoraLinear loraLinear;
  private final HydraLinear hydraLinear;
  private final DoraLinear doraLinear;

  /**
   * @param label what runs the kernels, for reports: an architecture, or {@code emulated}
   */
  public CudaKernelSet(CudaDevice device, String label) {
    this.label = label;
    CudaFunctions functions = new CudaFunctions(device);
    this.products = new CpuProducts(functions);
    this.quantizedLinear = new CpuQuantizedLinear(functions, products.workspace());
    this.dequantize = new CpuDequantize(functions);
    this.crossEntropy = new CpuCrossEntropy(functions, products, quantizedLinear, dequantize);
    this.rmsNorm = new CpuRmsNorm(functions);
    this.rope = new CpuRope(functions);
    this.adamW = new CpuAdamW(functions);
    this.clipGradNorm = new CpuClipGradNorm(functions);
    this.swiGlu = new CpuGatedUnit(functions, "swiglu");
    this.geGlu = new CpuGatedUnit(functions, "geglu");
    this.sumOfSquares = new CpuSumOfSquares(functions);
    this.spikingNeuron = new CpuNeuron(functions);
    this.fourierFilter = new CpuFourierFilter(functions);
    this.spikePack = new CpuSpikePack(functions);
    this.spikeLinear = new CudaSpikeLinear(functions, products);
    this.leakyIntegrate = new CpuLeakyIntegrate(functions);
    this.quantizeActivation = new CpuQuantizeActivation(functions);
    this.attention = new CpuAttention(functions);
    this.elementwise = new CpuElementwise(functions);
    this.loraLinear = new CpuLoraLinear(products, quantizedLinear, elementwise);
    this.hydraLinear = new CpuHydraLinear(functions, products, quantizedLinear, elementwise);
    this.doraLinear = new CpuDoraLinear(functions, products, quantizedLinear, elementwise, null);
  }

  @Override
  public Backend backend() {
    return Backend.CUDA;
  }

  @Override
  public String isaLevel() {
    return label;
  }

  @Override
  public int threads() {
    return 1;
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
  public SumOfSquares sumOfSquares() {
    return sumOfSquares;
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
  public Dequantize dequantize() {
    return dequantize;
  }

  @Override
  public QuantizeActivation quantizeActivation() {
    return quantizeActivation;
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
  public void close() {
    products.close();
    attention.close();
  }
}
