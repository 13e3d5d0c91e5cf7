package dev.nacelle.function;

import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;

/**
 * Causal attention over samples laid end to end: q (T, H·D), k and v (T, K·D) to (T, H·D). Keeps
 * its inputs, its output and one log-sum-exp a row and head.
 *
 * @param mask which rows a row sees
 * @param scale multiplies q·k
 * @param softcap bounds the scaled scores; 0 for none
 */
public record Attention(AttentionMask mask, long heads, long kvHeads, float scale, float softcap)
    implements Function {
  /**
   * Without window and cap.
   *
   * @param starts first row of each sample, then T
   */
  public Attention(int[] starts, long heads, long kvHeads, float scale) {
    this(AttentionMask.causal(starts), heads, kvHeads, scale, 0);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor q = inputs[0];
    Tensor out = context.output(q.dtype(), q.shape());
    Tensor logSumExp = context.output(DType.FP32, heads, q.size(0));
    context
        .kernels()
        .attention()
        .forward(
            query(out),
            logSumExp.operand(),
            query(q),
            key(inputs[1]),
            key(inputs[2]),
            mask,
            scale,
            softcap);
    for (Tensor input : inputs) {
      context.save(input);
    }
    context.save(out);
    context.saveExact(logSumExp);
    logSumExp.release();
    return out;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Tensor q = context.saved(0);
    Tensor k = context.saved(1);
    Tensor gradQ = context.scratch(q.dtype(), q.shape());
    Tensor gradK = context.scratch(k.dtype(), k.shape());
    Tensor gradV = context.scratch(k.dtype(), k.shape());
    context
        .kernels()
        .attention()
        .backward(
            query(gradQ),
            key(gradK),
            key(gradV),
            query(gradOutput),
            query(context.saved(3)),
            context.saved(4).operand(),
            query(q),
            key(k),
            key(context.saved(2)),
            mask,
            scale,
            softcap);
    Tensor[] found = {gradQ, gradK, gradV};
    for (int i = 0; i < found.length; i++) {
      if (gradients.wants(i)) {
        gradients.give(i, found[i]);
      }
    }
  }

  private Operand query(Tensor t) {
    return t.operand(t.size(0), heads, t.size(1) / heads);
  }

  private Operand key(Tensor t) {
    return t.operand(t.size(0), kvHeads, t.size(1) / kvHeads);
  }
}
