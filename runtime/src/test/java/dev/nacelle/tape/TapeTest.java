package dev.nacelle.tape;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Frames, recipes and failures, with functions made for the purpose. */
final class TapeTest {
  private final long buffers = NativeMemory.liveBuffers();
  private final Engine engine = new Engine(Kernels.reference(), new Allocator());

  @AfterEach
  void nothingIsLeft() {
    assertEquals(0, engine.ledger().live(), "bytes");
    assertEquals(0, engine.ledger().liveTensors(), "tensors");
    engine.close();
    assertEquals(buffers, NativeMemory.liveBuffers(), "buffers");
  }

  /** y = x + 1, made again where somebody saves it; counts how often. */
  private static final class Recipe implements Function {
    private int made;

    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      context.save(inputs[0]);
      return plusOne(context, inputs[0]);
    }

    private static Tensor plusOne(Context context, Tensor x) {
      Tensor y = context.output(DType.FP32, x.shape());
      float[] values = x.toFloats();
      for (int i = 0; i < values.length; i++) {
        values[i]++;
      }
      return y.fill(values);
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      if (gradients.wants(0)) {
        gradients.give(0, gradOutput);
      }
    }

    @Override
    public boolean isRecomputable() {
      return true;
    }

    @Override
    public Tensor recompute(Context context) {
      made++;
      return plusOne(context, context.saved(0));
    }
  }

  /** y = x · p for one number p that trains; the gradient of p is Σ x · g. */
  private record Times(Parameter p) implements Function {
    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      context.save(inputs[0]);
      Tensor y = context.output(DType.FP32, inputs[0].shape());
      y.fill(inputs[0].toFloats());
      context.kernels().elementwise().scale(y.operand(), p.value().toFloats()[0]);
      return y;
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      float[] x = context.saved(0).toFloats();
      float[] g = gradOutput.toFloats();
      Gradients.Slot slot = gradients.slot(p);
      float sum = slot.fresh() ? 0 : slot.gradient().toFloats()[0];
      for (int i = 0; i < x.length; i++) {
        sum += x[i] * g[i];
      }
      slot.gradient().fill(sum);
      if (gradients.wants(0)) {
        context.kernels().elementwise().scale(gradOutput.operand(), p.value().toFloats()[0]);
        gradients.give(0, gradOutput);
      }
    }
  }

  /** Takes an output, scratch and a saved tensor, then fails. */
  private record Failing(boolean inForward) implements Function {
    @Override
    public Tensor forward(Context context, Tensor... inputs) {
      Tensor y = context.output(DType.FP32, inputs[0].shape());
      context.scratch(DType.FP32, 5);
      context.save(inputs[0]);
      if (inForward) {
        throw new IllegalStateException("forward fails");
      }
      return y;
    }

    @Override
    public void backward(Context context, Tensor gradOutput, Gradients gradients) {
      context.scratch(DType.FP32, 7);
      throw new IllegalStateException("backward fails");
    }
  }

  private Tensor input(Tape tape, float... values) {
    return tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, values, values.length));
  }

  private Parameter parameter(float value) {
    return new Parameter(
        "p", engine.allocator().of(LedgerClass.PARAMETERS, new float[] {value}, 1));
  }

  private static void release(Parameter p) {
    p.releaseGradient();
    p.value().release();
  }

  @Test
  void framesCloseInOrderOnly() {
    try (Tape tape = engine.record()) {
      Tape.Frame outer = tape.frame();
      Tape.Frame inner = tape.frame();
      assertThrows(IllegalStateException.class, outer::close);
      assertThrows(IllegalStateException.class, inner::close);
    }
  }

  @Test
  void resultsMoveOutwardsAndTheRestGoes() {
    try (Tape tape = engine.forwardOnly()) {
      Tensor kept;
      Tensor gone;
      Tape.Frame frame = tape.frame();
      try (frame) {
        gone = input(tape, 1, 2);
        kept = frame.result(input(tape, 3));
        assertThrows(IllegalStateException.class, () -> frame.result(kept));
      }
      assertTrue(gone.storage().isReleased());
      assertArrayEquals(new float[] {3}, kept.toFloats());
      assertThrows(IllegalStateException.class, () -> frame.result(kept), "frame is closed");
      tape.discard(kept);
      assertTrue(kept.storage().isReleased());
      assertThrows(IllegalStateException.class, () -> tape.discard(kept));
    }
  }

  @Test
  void aRecipeIsMadeOnceForAllItsReadersAndNotHeld() {
    Parameter p = parameter(2);
    Parameter q = parameter(5);
    Recipe recipe = new Recipe();
    try (Tape tape = engine.record()) {
      Tensor sum;
      try (Tape.Frame frame = tape.frame()) {
        Tensor x = input(tape, 1, 2, 3);
        Tensor y = tape.apply(recipe, x);
        Tensor one = tape.apply(new Times(p), true, y);
        Tensor two = tape.apply(new Times(q), true, y);
        sum = frame.result(tape.apply(new dev.nacelle.function.Residual(), one, two));
      }
      assertEquals(2 * 12, engine.ledger().live(LedgerClass.ACTIVATIONS), "x and the sum");
      assertArrayEquals(new float[] {14, 21, 28}, sum.toFloats());
      tape.backward(sum);
      assertEquals(1, recipe.made);
      assertEquals(12, engine.ledger().live(LedgerClass.ACTIVATIONS), "the sum alone");
    }
    assertArrayEquals(new float[] {9}, assertNotNullAnd(p.gradient()).toFloats());
    assertArrayEquals(new float[] {9}, assertNotNullAnd(q.gradient()).toFloats());
    release(p);
    release(q);
  }

  private static Tensor assertNotNullAnd(@org.jspecify.annotations.Nullable Tensor t) {
    assertNotNull(t);
    return java.util.Objects.requireNonNull(t);
  }

  /** Chains of recipes below the first parameter go with their frame, readers and read alike. */
  @Test
  void unneededRecipesGoWithTheirFrame() {
    try (Tape tape = engine.record()) {
      Tensor y;
      try (Tape.Frame frame = tape.frame()) {
        Tensor x = input(tape, 1, 2, 3);
        Recipe recipe = new Recipe();
        y = frame.result(tape.apply(recipe, tape.apply(recipe, tape.apply(recipe, x))));
      }
      assertEquals(12, engine.ledger().live(), "y alone");
      assertArrayEquals(new float[] {4, 5, 6}, y.toFloats());
    }
  }

  @Test
  void forwardOnlySavesNothing() {
    Parameter p = parameter(2);
    try (Tape tape = engine.forwardOnly()) {
      Tensor y;
      try (Tape.Frame frame = tape.frame()) {
        Tensor x = input(tape, 1, 2);
        y = frame.result(tape.apply(new Times(p), true, tape.apply(new Recipe(), x)));
      }
      assertEquals(8, engine.ledger().live(LedgerClass.ACTIVATIONS));
      assertThrows(IllegalStateException.class, () -> tape.backward(y));
    }
    release(p);
  }

  @Test
  void gradientsOfSeveralTapesAddUp() {
    Parameter p = parameter(3);
    for (int pass = 1; pass <= 3; pass++) {
      try (Tape tape = engine.record()) {
        tape.backward(tape.apply(new Times(p), true, input(tape, 1, 2)));
      }
      assertArrayEquals(new float[] {3 * pass}, assertNotNullAnd(p.gradient()).toFloats());
    }
    assertEquals(4, engine.ledger().live(LedgerClass.GRADIENTS));
    release(p);
  }

  @Test
  void whatAFailingForwardHadMadeIsGivenBack() {
    try (Tape tape = engine.record()) {
      Tensor x = input(tape, 1, 2);
      assertThrows(IllegalStateException.class, () -> tape.apply(new Failing(true), x));
      assertEquals(8, engine.ledger().live(), "x alone");
      assertFalse(x.storage().isShared());
    }
  }

  @Test
  void whatAFailingBackwardHeldGoesWithTheTape() {
    Parameter p = parameter(3);
    try (Tape tape = engine.record()) {
      Tensor x = input(tape, 1, 2);
      Tensor y = tape.apply(new Times(p), true, tape.apply(new Recipe(), x));
      Tensor z = tape.apply(new Times(p), true, tape.apply(new Failing(false), y));
      assertThrows(IllegalStateException.class, () -> tape.backward(z));
      assertEquals(0, engine.ledger().live(LedgerClass.WORKSPACE));
    }
    assertEquals(0, engine.ledger().live(LedgerClass.ACTIVATIONS));
    release(p);
  }

  @Test
  void aTapeWithOpenFramesCanBeClosed() {
    Tape tape = engine.record();
    tape.frame();
    input(tape, 1);
    tape.frame();
    input(tape, 2);
    tape.close();
  }
}
