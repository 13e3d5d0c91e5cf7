package dev.nacelle.function;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.BlockTensor;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Functions over quantised weights give what they give over the same weights widened, which
 * FunctionGradientTest holds against LibTorch's autograd; and hold the blocks' bytes alone.
 */
final class QuantizedFunctionTest {
  private static final long SEED = 61;
  private static final int TOKENS = 9;
  private static final int IN = 64;
  private static final int OUT = 48;
  private static final int RANK = 3;

  private int compared;

  private static Tensor blocks(Engine engine, BlockFormat format, SplittableRandom random) {
    long rowBytes = format.rowBytes(IN);
    Tensor bytes = engine.allocator().allocate(LedgerClass.PARAMETERS, DType.U8, OUT, rowBytes);
    for (long i = 0; i < bytes.byteSize(); i++) {
      // Any two of them make a small number of fp16.
      bytes.storage().buffer().setByte(i, (byte) random.nextInt(0x14, 0x24));
    }
    return bytes;
  }

  /** The weight as blocks, and widened in the order in which its rows are used. */
  private static List<Weight> pair(Engine engine, BlockFormat format, long headRows) {
    Tensor bytes = blocks(engine, format, new SplittableRandom(SEED));
    BlockTensor quantised = new BlockTensor(bytes, format, headRows);
    assertEquals(OUT * format.rowBytes(IN), quantised.byteSize());
    assertEquals(quantised.byteSize(), engine.ledger().live(LedgerClass.PARAMETERS));
    Tensor wide = engine.allocator().allocate(LedgerClass.PARAMETERS, DType.FP32, OUT, IN);
    engine.kernels().dequantize().forward(wide.operand(), quantised.matrix());
    return List.of(wide, quantised);
  }

  private static Parameter parameter(Engine engine, String name, long seed, long... shape) {
    Values values = Values.random(new SplittableRandom(seed), DType.FP32, shape);
    return new Parameter(name, engine.allocator().of(LedgerClass.PARAMETERS, values.data(), shape));
  }

  /** The output, then the gradients of x, A and B. */
  private static List<float[]> lora(Engine engine, Weight weight, DType dtype, Dropout dropout) {
    Parameter x = parameter(engine, "x", 1, TOKENS, IN);
    Parameter a = parameter(engine, "a", 2, RANK, IN);
    Parameter b = parameter(engine, "b", 3, OUT, RANK);
    Tensor factors = parameter(engine, "factors", 4, TOKENS, OUT).value();
    List<float[]> found = new ArrayList<>();
    try (Tape tape = engine.record()) {
      Tensor in = tape.apply(new TestFunctions.Read(x, dtype), true);
      Tensor y =
          tape.apply(new LoraLinear(new FrozenLinear(weight), a, b, 0.5f, dropout), true, in);
      Tensor z = tape.apply(new TestFunctions.Weighted(factors), y);
      found.add(z.toFloats());
      tape.backward(z);
      for (Parameter p : List.of(x, a, b)) {
        found.add(Objects.requireNonNull(p.gradient()).toFloats());
        p.releaseGradient();
      }
    }
    List.of(x.value(), a.value(), b.value(), factors).forEach(Tensor::release);
    return found;
  }

  /** Losses, then the gradient of the hidden states. */
  private static List<float[]> head(Engine engine, Weight weight, DType dtype) {
    Parameter hidden = parameter(engine, "hidden", 5, TOKENS, IN);
    int[] ids = {3, -100, 47, 0, 9, 9, -100, 21, 30};
    List<float[]> found = new ArrayList<>();
    try (Tape tape = engine.record()) {
      Tensor in = tape.apply(new TestFunctions.Read(hidden, dtype), true);
      Tensor targets = tape.own(engine.allocator().of(LedgerClass.ACTIVATIONS, ids));
      Tensor losses = tape.apply(new CrossEntropy(weight, targets, 0.25f, null), in);
      found.add(losses.toFloats());
      tape.backward(losses);
      found.add(Objects.requireNonNull(hidden.gradient()).toFloats());
      hidden.releaseGradient();
    }
    hidden.value().release();
    return found;
  }

  private void same(String where, List<float[]> want, List<float[]> got, DType dtype) {
    for (int i = 0; i < want.size(); i++) {
      float largest = 0;
      for (float value : want.get(i)) {
        largest = Math.max(largest, Math.abs(value));
      }
      float unit = dtype == DType.FP32 ? 2e-6f : dtype == DType.FP16 ? 2e-3f : 1.6e-2f;
      assertArrayEquals(want.get(i), got.get(i), unit * largest, where + " result " + i);
      compared++;
    }
  }

  @Test
  void blocksAndTheirValuesTrainAlike() {
    List<DType> types = List.of(DType.FP32, DType.BF16, DType.FP16);
    List<Engine> engines =
        List.of(
            new Engine(Kernels.open(2, null), new Allocator()),
            new Engine(Kernels.reference(), new Allocator()));
    for (Engine engine : engines) {
      for (BlockFormat format : List.of(BlockFormat.Q4_0, BlockFormat.Q4_1, BlockFormat.Q8_0)) {
        for (long headRows : new long[] {0, 16}) {
          List<Weight> weights = pair(engine, format, headRows);
          for (DType dtype : types) {
            String where =
                engine.kernels().isaLevel() + " " + format + " " + headRows + " " + dtype;
            for (Dropout dropout : List.of(Dropout.NONE, new Dropout(0.25f, 7, 1000))) {
              same(
                  where,
                  lora(engine, weights.get(0), dtype, dropout),
                  lora(engine, weights.get(1), dtype, dropout),
                  dtype);
            }
            same(
                where + " head",
                head(engine, weights.get(0), dtype),
                head(engine, weights.get(1), dtype),
                dtype);
          }
          weights.forEach(Weight::release);
        }
      }
      assertEquals(0, engine.ledger().live());
      engine.close();
    }
    assertEquals(2 * 3 * 2 * 3 * (2 * 4 + 2), compared);
  }
}
