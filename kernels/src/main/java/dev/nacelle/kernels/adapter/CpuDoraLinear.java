package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.DoraLinear;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import org.jspecify.annotations.Nullable;

/** The layer as products around dora_linear/dora_linear.c. */
public final class CpuDoraLinear implements DoraLinear {
  private final LowRankSteps steps;
  private final DoraKernels kernels;

  /**
   * @param workspace the products' own, of nk_gemm_workspace's bytes: only one of the two works at
   *     a time; null where products are not this library's
   */
  public CpuDoraLinear(
      NativeFunctions library,
      Products products,
      QuantizedLinear quantized,
      Elementwise elementwise,
      @Nullable NativeBuffer workspace) {
    steps = new LowRankSteps(products, quantized, elementwise);
    kernels = new DoraKernels(library, workspace);
  }

  @Override
  public void norms(Operand norms, Matrix weight, AdapterPair pair) {
    AdapterArguments.floats("norms", norms, weight.size(0));
    try (Scratch scratch = new Scratch()) {
      kernels.norm(norms, weight, paddedA(scratch, pair), floatB(scratch, pair), pair.scale());
    }
  }

  @Override
  public void scale(
      Operand y, Operand x, Operand norms, Operand magnitude, @Nullable Operand bias) {
    AdapterArguments.matrix("x", x, y.size(0), y.size(1));
    AdapterArguments.floats("norms", norms, y.size(1));
    AdapterArguments.floats("magnitude", magnitude, y.size(1));
    AdapterArguments.bias(bias, y.size(1));
    try (Scratch scratch = new Scratch()) {
      kernels.scale(y, x, norms, magnitude, bias == null ? null : steps.floats(scratch, bias));
    }
  }

  @Override
  public void gradMagnitude(Operand gradMagnitude, Operand gradY, Operand product, Operand norms) {
    AdapterArguments.floats("gradMagnitude", gradMagnitude, gradY.size(1));
    AdapterArguments.matrix("product", product, gradY.size(0), gradY.size(1));
    AdapterArguments.floats("norms", norms, gradY.size(1));
    try (Scratch scratch = new Scratch()) {
      kernels.gradMagnitude(scratch, gradMagnitude, gradY, product, norms);
    }
  }

  @Override
  public void forward(
      Operand y,
      Operand product,
      Operand norms,
      Operand hidden,
      Operand x,
      Matrix weight,
      Operand magnitude,
      @Nullable Operand bias,
      AdapterPair pair) {
    check(y, product, norms, hidden, x, weight, magnitude, pair);
    AdapterArguments.bias(bias, weight.size(0));
    try (Scratch scratch = new Scratch()) {
      Operand a = paddedA(scratch, pair);
      kernels.norm(norms, weight, a, floatB(scratch, pair), pair.scale());
      steps.base(product, x, weight);
      steps.down(hidden, x, pair);
      steps.times(product, hidden, pair.b(), pair.scale(), 1);
      Operand scale = steps.floats(scratch, magnitude);
      kernels.scale(y, product, norms, scale, bias == null ? null : steps.floats(scratch, bias));
    }
  }

  private static void check(
      Operand y,
      Operand product,
      Operand norms,
      Operand hidden,
      Operand x,
      Matrix weight,
      Operand magnitude,
      AdapterPair pair) {
    AdapterArguments.common(y, hidden, x, weight, pair, 0);
    AdapterArguments.matrix("product", product, x.size(0), weight.size(0));
    AdapterArguments.floats("norms", norms, weight.size(0));
    Checks.compute("magnitude", magnitude);
    Checks.shape("magnitude", magnitude, weight.size(0));
    Checks.contiguous("magnitude", magnitude);
    if (weight instanceof BlockMatrix blocks) {
      Checks.contiguous("w_blocks", blocks.blocks());
    }
  }

  /** b as fp32 in one piece: itself, mostly. */
  private Operand floatB(Scratch scratch, AdapterPair pair) {
    Operand b = pair.b();
    return b.dtype() == DType.FP32 && b.isContiguous() ? b : steps.floats(scratch, b);
  }

  /** a as fp32 with zeros behind each row, up to where the kernel's tiles end. */
  private Operand paddedA(Scratch scratch, AdapterPair pair) {
    Operand a = pair.a();
    long stride = kernels.stride(a.size(1));
    Operand padded = scratch.tensor(DType.FP32, a.size(0), stride);
    padded.buffer().zero();
    Operand inner = Operand.view(padded.buffer(), 0, DType.FP32, a.shape(), new long[] {stride, 1});
    steps.convert(inner, a);
    return padded;
  }

  @Override
  public void backward(
      Gradients to,
      Operand gradY,
      Operand x,
      Operand product,
      Operand norms,
      Operand hidden,
      Matrix weight,
      Operand magnitude,
      AdapterPair pair) {
    check(gradY, product, norms, hidden, x, weight, magnitude, pair);
    AdapterArguments.gradients(to.x(), to.w(), to.a(), to.b(), to.bias(), x, weight, pair);
    if (to.bias() != null) {
      steps.sumRows(to.bias(), gradY);
    }
    try (Scratch scratch = new Scratch()) {
      Operand m = steps.floats(scratch, magnitude);
      if (to.magnitude() != null) {
        AdapterArguments.floats("gradMagnitude", to.magnitude(), weight.size(0));
        kernels.gradMagnitude(scratch, to.magnitude(), gradY, product, norms);
      }
      // What multiplies a column of y multiplies a row of what was multiplied by it.
      if (to.b() != null) {
        steps.turnedTimes(to.b(), gradY, hidden, pair.scale(), 0);
        kernels.scaleRows(to.b(), norms, m);
      }
      if (to.w() != null) {
        steps.turnedTimes(to.w(), gradY, x, 1, 0);
        kernels.scaleRows(to.w(), norms, m);
      }
      Operand b = steps.floats(scratch, pair.b());
      kernels.scaleRows(b, norms, m);
      Operand gradHidden = scratch.tensor(DType.FP32, hidden.shape());
      steps.timesPlain(gradHidden, gradY, b, pair.scale(), 0);
      if (to.a() != null) {
        steps.downBackward(to.a(), gradHidden, x, pair);
      }
      if (to.x() != null) {
        Operand gradX = to.x();
        steps.roundedOnce(
            gradX,
            (out, from, end) -> {
              throughWeight(out, gradY.rows(from, end), weight, norms, m);
              steps.throughA(out, gradHidden.rows(from, end), from, pair);
            });
      }
    }
  }

  /** gradX = (gradY · m/norms)·W. */
  private void throughWeight(
      Operand gradX, Operand gradY, Matrix weight, Operand norms, Operand m) {
    if (kernels.gradX(gradX, gradY, weight, norms, m)) {
      return;
    }
    // Elsewhere nobody scales the rows of W: gradY is scaled, some rows at a time.
    steps.inRuns(
        gradX,
        weight.size(0),
        (out, from, end, memory) -> {
          Operand scaled = memory.tensor(DType.FP32, end - from, gradY.size(1));
          kernels.scale(scaled, gradY.rows(from, end), norms, m, null);
          steps.baseBackward(out, scaled, weight);
        });
  }
}
