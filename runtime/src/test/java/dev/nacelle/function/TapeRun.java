package dev.nacelle.function;

import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A case worked out by our own functions; its leaves and constants live until it is closed. */
final class TapeRun implements AutoCloseable {
  private final FunctionCase point;
  private final Engine engine;
  private final DType compute;
  private final List<Parameter> leaves = new ArrayList<>();
  private final List<Tensor> constants = new ArrayList<>();
  private final IdentityHashMap<Values, Tensor> placed = new IdentityHashMap<>();

  /**
   * @param compute type of the activations
   */
  TapeRun(FunctionCase point, Engine engine, DType compute) {
    this.point = point;
    this.engine = engine;
    this.compute = compute;
    int n = 0;
    for (Values leaf : point.leaves()) {
      Tensor t = engine.allocator().of(LedgerClass.PARAMETERS, leaf.data(), leaf.shape());
      leaves.add(new Parameter("leaf" + n++, t));
    }
  }

  /** Forward alone: the output. */
  float[] forward() {
    try (Tape tape = engine.forwardOnly()) {
      return floats(tape, new Walk(tape).evaluate(point.root()));
    }
  }

  /** Forward and backward: the output. Gradients are added to those that the leaves have. */
  float[] forwardBackward() {
    try (Tape tape = engine.record()) {
      Tensor y = new Walk(tape).evaluate(point.root());
      float[] output = floats(tape, y);
      if (!point.isLoss()) {
        Tensor upstream = constant(point.upstream(), DType.FP32);
        y = tape.apply(new TestFunctions.Weighted(upstream), y);
      }
      tape.backward(y);
      return output;
    }
  }

  /** Σ over the output of output · upstream, by forward alone. */
  double weightedSum() {
    float[] y = forward();
    double sum = 0;
    for (int i = 0; i < y.length; i++) {
      sum += (double) y[i] * point.upstream().data()[i];
    }
    return sum;
  }

  /** Puts another number into a leaf. */
  void set(int leaf, int element, float value) {
    leaves.get(leaf).value().storage().buffer().setFloat(element, value);
  }

  /** The gradient of a leaf; zeros where backward did not come by. */
  float[] gradient(int leaf) {
    Tensor g = leaves.get(leaf).gradient();
    return g == null ? new float[point.leaves().get(leaf).data().length] : g.toFloats();
  }

  private static float[] floats(Tape tape, Tensor t) {
    if (t.dtype() == DType.FP32) {
      return t.toFloats();
    }
    Tensor wide = tape.allocator().allocate(LedgerClass.WORKSPACE, DType.FP32, t.shape());
    tape.kernels().elementwise().convert(wide.operand(), t.operand());
    float[] values = wide.toFloats();
    wide.release();
    return values;
  }

  private Tensor constant(Values values, DType dtype) {
    Tensor known = placed.get(values);
    if (known != null) {
      return known;
    }
    Tensor t = engine.allocator().of(LedgerClass.PARAMETERS, values.data(), values.shape());
    if (dtype != DType.FP32) {
      Tensor narrow = engine.allocator().allocate(LedgerClass.PARAMETERS, dtype, t.shape());
      engine.kernels().elementwise().convert(narrow.operand(), t.operand());
      t.release();
      t = narrow;
    }
    constants.add(t);
    placed.put(values, t);
    return t;
  }

  @Override
  public void close() {
    for (Parameter leaf : leaves) {
      leaf.releaseGradient();
      leaf.value().release();
    }
    constants.forEach(Tensor::release);
  }

  /** One pass over the network on one tape. */
  private final class Walk {
    private final Tape tape;
    private final IdentityHashMap<Expr, Tensor> done = new IdentityHashMap<>();

    Walk(Tape tape) {
      this.tape = tape;
    }

    Tensor evaluate(Expr e) {
      Tensor known = done.get(e);
      if (known == null) {
        known = compute(e);
        done.put(e, known);
      }
      return known;
    }

    private Tensor compute(Expr expr) {
      return switch (expr) {
        case Expr.Leaf e ->
            tape.apply(new TestFunctions.Read(leaves.get(e.index()), compute), true);
        case Expr.Norm e -> apply(new RmsNorm(constant(e.weight(), compute), e.eps()), e.x());
        case Expr.Rotate e -> apply(rope(e), e.x());
        case Expr.Attend e ->
            apply(
                new Attention(e.starts(), e.heads(), e.kvHeads(), e.scale()), e.q(), e.k(), e.v());
        case Expr.Gated e -> apply(new GatedProduct(Gate.SILU), e.gate(), e.up());
        case Expr.Sum e -> apply(new Residual(), e.x(), e.branch());
        case Expr.Frozen e -> apply(base(e.weight(), null), e.x());
        case Expr.LowRank e -> lowRank(e, null);
        case Expr.Heads e -> heads(e);
        case Expr.Shift e ->
            switch (e.x()) {
              case Expr.Frozen x -> apply(base(x.weight(), e.bias()), x.x());
              case Expr.LowRank x -> lowRank(x, e.bias());
              default -> throw new IllegalArgumentException("only linears have a bias");
            };
        case Expr.Loss e -> loss(e);
        case Expr.NormedTurn e -> normedTurn(e);
        case Expr.Slice e -> apply(new Columns(e.from(), e.width(), e.again()), e.x());
        case Expr.ScaledSum e -> apply(new Residual(e.scale()), e.x(), e.branch());
        case Expr.Rows e -> rows(e);
        case Expr.Vectors e -> vectors(e);
        case Expr.WholeLoss e -> wholeLoss(e);
      };
    }

    private Tensor apply(Function function, Expr... inputs) {
      Tensor[] tensors = new Tensor[inputs.length];
      for (int i = 0; i < inputs.length; i++) {
        tensors[i] = evaluate(inputs[i]);
      }
      return tape.apply(function, tensors);
    }

    private FrozenLinear base(Values weight, @Nullable Values bias) {
      return new FrozenLinear(
          constant(weight, compute), bias == null ? null : constant(bias, compute), false);
    }

    private Tensor lowRank(Expr.LowRank e, @Nullable Values bias) {
      LoraLinear linear =
          new LoraLinear(
              base(e.weight(), bias), leaves.get(e.a()), leaves.get(e.b()), e.scale(), e.dropout());
      return tape.apply(linear, true, evaluate(e.x()));
    }

    private Tensor heads(Expr.Heads e) {
      HydraLinear linear =
          new HydraLinear(
              base(e.weight(), null),
              leaves.get(e.a()),
              leaves.get(e.ups()),
              leaves.get(e.router()),
              e.scale(),
              e.dropout(),
              (omega, pull) -> pull.fill(new float[(int) pull.elements()]));
      return tape.apply(linear, true, evaluate(e.x()));
    }

    private Tensor normedTurn(Expr.NormedTurn e) {
      RmsNorm norm = new RmsNorm(constant(e.weight(), compute), e.eps());
      return apply(new NormedRope(norm, e.turn() == null ? null : rope(e.turn())), e.x());
    }

    private Tensor rows(Expr.Rows e) {
      Tensor tokens = tape.own(tape.allocator().of(LedgerClass.ACTIVATIONS, e.ids()));
      Parameter table = leaves.get(e.table());
      return tape.apply(new TokenTable(table, e.ids(), tokens, e.scale(), compute), true);
    }

    private Tensor vectors(Expr.Vectors e) {
      float[] one = new float[(int) Math.max(e.up().shape()[0], e.down().shape()[0])];
      Arrays.fill(one, 1);
      VeraLinear linear =
          new VeraLinear(
              base(e.weight(), null),
              constant(e.down(), DType.FP32),
              constant(e.up(), DType.FP32),
              tape.own(tape.allocator().of(LedgerClass.ACTIVATIONS, one, one.length)),
              leaves.get(e.b()),
              leaves.get(e.d()),
              e.dropout());
      return tape.apply(linear, true, evaluate(e.x()));
    }

    private Tensor wholeLoss(Expr.WholeLoss e) {
      Tensor targets = tape.own(tape.allocator().of(LedgerClass.ACTIVATIONS, e.targets()));
      Parameter head = leaves.get(e.weight());
      return tape.apply(
          new CrossEntropy(head.value(), head, targets, e.gradScale(), null, 0, 0),
          true,
          evaluate(e.hidden()));
    }

    private Rope rope(Expr.Rotate e) {
      Tensor positions = tape.own(tape.allocator().of(LedgerClass.ACTIVATIONS, e.positions()));
      Tensor frequencies = constant(e.frequencies(), DType.FP32);
      return new Rope(positions, frequencies, e.heads(), e.interleaved(), e.scale());
    }

    private Tensor loss(Expr.Loss e) {
      Tensor targets = tape.own(tape.allocator().of(LedgerClass.ACTIVATIONS, e.targets()));
      CrossEntropy.Pair pair =
          e.a() == null || e.b() == null
              ? null
              : new CrossEntropy.Pair(leaves.get(e.a()), leaves.get(e.b()), e.scale());
      return tape.apply(
          new CrossEntropy(constant(e.weight(), compute), targets, e.gradScale(), pair),
          pair != null,
          evaluate(e.hidden()));
    }
  }
}
