package dev.nacelle.function;

import dev.nacelle.kernels.CrossEntropy.LowRank;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import org.jspecify.annotations.Nullable;

/**
 * The head and the loss in one: hidden (T, C) to one loss a row, 0 where the target is −100. The
 * gradient of {@code gradScale · Σ losses} is found while the chunk of logits is at hand, so that
 * the head is multiplied twice, not three times; backward only hands it on. That takes an upstream
 * gradient of one in every row, which is what {@link dev.nacelle.tape.Tape#backward} starts from.
 *
 * @param weight (V, C), plain or quantised
 * @param trained the same as a parameter where the head trains as a whole; else null
 * @param targets (T) I32
 * @param gradScale one over the step's target tokens
 * @param pair a low-rank pair beside the head, or null
 * @param softcap logits become softcap·tanh(logits/softcap); 0 for none
 * @param mostRows rows whose logits are alive at once; 0 for the kernel's own choice
 */
public record CrossEntropy(
    Weight weight,
    @Nullable Parameter trained,
    Tensor targets,
    float gradScale,
    @Nullable Pair pair,
    float softcap,
    int mostRows)
    implements Function {
  /** scale · (hidden·aᵀ)·bᵀ is added to the logits; a trains or stays. */
  public record Pair(Parameter a, boolean trainsA, Parameter b, float scale) {
    /** With an a that trains. */
    public Pair(Parameter a, Parameter b, float scale) {
      this(a, true, b, scale);
    }
  }

  /** Without a cap, with as many rows at once as the kernel likes. */
  public CrossEntropy(Weight weight, Tensor targets, float gradScale, @Nullable Pair pair) {
    this(weight, null, targets, gradScale, pair, 0, 0);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor hidden = inputs[0];
    long rows = hidden.size(0);
    var kernel = context.kernels().crossEntropy();
    Tensor losses = context.output(DType.FP32, rows);
    Tensor workspace =
        context.scratch(
            DType.U8,
            kernel.workspaceBytes(
                mostRows == 0 ? rows : Math.min(rows, mostRows),
                weight.size(0),
                weight.size(1),
                hidden.dtype()));
    boolean wantsHidden = context.isRecording() && context.wantsGradient(hidden);
    Tensor gradHidden = wantsHidden ? context.output(hidden.dtype(), hidden.shape()) : null;
    Tensor gradWeight = trained != null && context.isRecording() ? context.gradient(trained) : null;
    Tensor gradA = null;
    Tensor gradB = null;
    LowRank lowRank = null;
    if (pair != null) {
      if (context.isRecording()) {
        gradA = pair.trainsA ? context.output(DType.FP32, pair.a.value().shape()) : null;
        gradB = context.output(DType.FP32, pair.b.value().shape());
      }
      lowRank =
          new LowRank(
              pair.a.value().operand(),
              pair.b.value().operand(),
              pair.scale,
              gradA == null ? null : gradA.operand(),
              gradB == null ? null : gradB.operand());
    }
    kernel.forward(
        losses.operand(),
        gradHidden == null ? null : gradHidden.operand(),
        gradWeight == null ? null : gradWeight.operand(),
        null,
        hidden.operand(),
        weight.matrix(),
        targets.operand(),
        gradScale,
        softcap,
        lowRank,
        workspace.storage().buffer());
    keep(context, gradWeight);
    keep(context, gradA);
    keep(context, gradB);
    keep(context, gradHidden);
    return losses;
  }

  private static void keep(Context context, @Nullable Tensor gradient) {
    if (gradient != null) {
      context.saveExact(gradient);
      gradient.release();
    }
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    int next = 0;
    if (trained != null) {
      gradients.give(trained, context.saved(next++));
    }
    if (pair != null) {
      if (pair.trainsA) {
        addTo(context, gradients.slot(pair.a), context.saved(next++));
      }
      addTo(context, gradients.slot(pair.b), context.saved(next++));
    }
    if (gradients.wants(0)) {
      gradients.give(0, context.saved(next));
    }
  }

  private static void addTo(Context context, Gradients.Slot slot, Tensor found) {
    var elementwise = context.kernels().elementwise();
    if (slot.fresh()) {
      elementwise.convert(slot.gradient().operand(), found.operand());
    } else {
      elementwise.add(slot.gradient().operand(), found.operand(), 1f);
    }
  }
}
