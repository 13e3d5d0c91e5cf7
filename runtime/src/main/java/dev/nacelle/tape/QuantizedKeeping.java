package dev.nacelle.tape;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizeActivation.Form;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Saved activations in 8, 4 or 2 bits: codes and one fp32 scale a block of 64 elements, so k bits
 * and half a bit an element. Rounding is stochastic by a counter: the mean of what comes back is
 * what was put by, and the same pass rounds the same.
 */
public final class QuantizedKeeping implements Keeping {
  /** Elements that share a scale. */
  public static final long BLOCK = 64;

  private final Engine engine;
  private final Form form;
  private long seed;

  /**
   * @param seed one number a pass, so that no two passes round alike
   */
  public QuantizedKeeping(Engine engine, int bits, long seed) {
    this.engine = engine;
    this.form = new Form(bits, BLOCK);
    this.seed = seed * 0x9E3779B97F4A7C15L;
  }

  @Override
  public @Nullable Deposit put(Tensor tensor) {
    if (!tensor.dtype().isCompute() || tensor.rank() == 0 || tensor.elements() == 0) {
      return null;
    }
    long columns = columns(tensor);
    long rows = tensor.elements() / columns;
    if (rows * (form.bytes(columns) + 4 * form.blocks(columns)) >= tensor.byteSize()) {
      return null;
    }
    var allocator = engine.allocator();
    LedgerClass kind = LedgerClass.ACTIVATIONS;
    Tensor codes = allocator.allocate(kind, DType.U8, rows, form.bytes(columns));
    Tensor scales = null;
    boolean made = false;
    try {
      scales = allocator.allocate(kind, DType.FP32, rows, form.blocks(columns));
      Operand x = tensor.operand(rows, columns);
      engine
          .kernels()
          .quantizeActivation()
          .quantize(codes.operand(), scales.operand(), x, form, seed++);
      made = true;
    } finally {
      if (!made) {
        codes.release();
        if (scales != null) {
          scales.release();
        }
      }
    }
    return new Coded(codes, scales, tensor.dtype(), tensor.shape());
  }

  /**
   * Rows that are no whole blocks, the channels of an image say, are laid together: bytes then rise
   * with the elements alone, so that the largest pass takes the most, however odd its length is.
   */
  private static long columns(Tensor tensor) {
    if (tensor.size(-1) % BLOCK == 0) {
      return tensor.size(-1);
    }
    return tensor.elements() % BLOCK == 0 ? BLOCK : tensor.elements();
  }

  private final class Coded implements Deposit {
    private final Tensor codes;
    private final Tensor scales;
    private final DType dtype;
    private final long[] shape;

    Coded(Tensor codes, Tensor scales, DType dtype, long[] shape) {
      this.codes = codes;
      this.scales = scales;
      this.dtype = dtype;
      this.shape = shape;
    }

    @Override
    public Tensor fetch() {
      Tensor y = engine.allocator().allocate(LedgerClass.ACTIVATIONS, dtype, shape);
      try {
        Operand rows = y.operand(codes.size(0), y.elements() / codes.size(0));
        engine
            .kernels()
            .quantizeActivation()
            .dequantize(rows, codes.operand(), scales.operand(), form);
      } catch (RuntimeException | Error e) {
        y.release();
        throw e;
      }
      return y;
    }

    @Override
    public void drop() {
      codes.release();
      scales.release();
    }
  }
}
