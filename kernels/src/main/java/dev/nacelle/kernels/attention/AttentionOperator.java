package dev.nacelle.kernels.attention;

import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code attention}, described. */
public final class AttentionOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "attention",
          "Softmax attention: y = softmax(scale·q·kᵀ)·v over the tokens of one's own segment, tile"
              + " by tile.",
          List.of(
              TensorSpec.storage("q", "B,T,H,D"),
              TensorSpec.storage("k", "B,T,K,D"),
              TensorSpec.storage("v", "B,T,K,D"),
              TensorSpec.integers("segments", "B,T").orNone()),
          List.of(TensorSpec.storage("y", "B,T,H,D")),
          List.of(
              AttributeSpec.flag("causal", true),
              AttributeSpec.real("scale", "none").orNone(),
              AttributeSpec.integer("window", "none", 1).orNone(),
              AttributeSpec.real("softcap", "none").above(0).orNone()),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand q = call.input("q");
    Attributes with = call.attributes();
    float scale =
        with.isNone("scale")
            ? (float) (1 / Math.sqrt((double) q.size(3)))
            : (float) with.real("scale");
    float softcap = with.isNone("softcap") ? 0 : (float) with.real("softcap");
    long window = with.isNone("window") ? 0 : with.integer("window");
    SegmentRows rows =
        SegmentRows.of(
            call.optional("segments"), q.size(0), q.size(1), with.flag("causal"), window);
    AttentionMask mask = rows.mask();
    Attention attention = kernels.attention();
    try (Scratch scratch = new Scratch()) {
      RowMover mover = new RowMover(kernels.elementwise(), scratch, rows);
      Operand queries = mover.in(q);
      Operand keys = mover.in(call.input("k"));
      Operand values = mover.in(call.input("v"));
      Operand y = call.output("y");
      Operand out = mover.target(y);
      Operand logSumExp = scratch.tensor(DType.FP32, q.size(2), out.size(0));
      attention.forward(out, logSumExp, queries, keys, values, mask, scale, softcap);
      mover.out(y, out);
      Operand gradY = call.gradientOf("y");
      if (gradY != null) {
        Operand gradQ = call.gradientFor("q");
        Operand gradK = call.gradientFor("k");
        Operand gradV = call.gradientFor("v");
        Operand toQ = mover.target(gradQ);
        Operand toK = mover.target(gradK);
        Operand toV = mover.target(gradV);
        attention.backward(
            toQ,
            toK,
            toV,
            mover.in(gradY),
            out,
            logSumExp,
            queries,
            keys,
            values,
            mask,
            scale,
            softcap);
        mover.out(gradQ, toQ);
        mover.out(gradK, toK);
        mover.out(gradV, toV);
      }
    }
  }

  /**
   * Scores are sums over D whose error the exponential makes one of P; backward reads y as it is
   * stored, and its rounding is another of dS.
   */
  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    Tolerance sums = Tolerance.of(dtype, 1, 16 * terms);
    return tensor.equals("y") ? sums : sums.widened(Tolerance.epsilon(dtype));
  }

  /** dS, which is 0 where a row sees one key, is a difference of sums as large as dV's. */
  @Override
  public String scaledBy(String tensor) {
    return tensor.equals("grad_q") || tensor.equals("grad_k") ? "grad_v" : tensor;
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 2048L);
    sizes.put("H", 9L);
    sizes.put("K", 9L);
    sizes.put("D", 64L);
    return sizes;
  }

  /** Flops are those of the lower triangle. */
  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long tokens = bench.size("T");
    long heads = bench.size("H");
    long kvHeads = bench.size("K");
    long d = bench.size("D");
    Operand q = bench.random(dtype, tokens, heads, d);
    Operand k = bench.random(dtype, tokens, kvHeads, d);
    Operand v = bench.random(dtype, tokens, kvHeads, d);
    Operand y = bench.zeros(dtype, tokens, heads, d);
    Operand gradY = bench.random(dtype, tokens, heads, d);
    Operand gradQ = bench.zeros(dtype, tokens, heads, d);
    Operand gradK = bench.zeros(dtype, tokens, kvHeads, d);
    Operand gradV = bench.zeros(dtype, tokens, kvHeads, d);
    Operand logSumExp = bench.zeros(DType.FP32, heads, tokens);
    AttentionMask mask = AttentionMask.causal(0, Math.toIntExact(tokens));
    float scale = (float) (1 / Math.sqrt((double) d));
    Attention attention = kernels.attention();
    Runnable forward = () -> attention.forward(y, logSumExp, q, k, v, mask, scale, 0);
    Runnable backward =
        () -> attention.backward(gradQ, gradK, gradV, gradY, y, logSumExp, q, k, v, mask, scale, 0);
    forward.run();
    long pairs = tokens * tokens * heads * d;
    long bytes = 2 * (q.byteSize() + k.byteSize());
    return List.of(
        new Measurement("forward", bytes, 2 * pairs, Measurement.Limit.GEMM, forward),
        new Measurement("backward", 2 * bytes, 5 * pairs, Measurement.Limit.GEMM, backward));
  }
}
