package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.adamw.MomentForms;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * AdamW's two moments of one parameter: fp32, or codes of 8 bits with a scale for every 256
 * elements.
 *
 * @param tensors exp_avg and exp_avg_sq; or codes and scales of the one, then of the other
 */
record Moments(int bits, List<Tensor> tensors) {
  /** One tensor of a parameter's moments: what a file calls it behind the name, type and shape. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Piece(String suffix, DType dtype, long[] shape) {
    long bytes() {
      long bytes = dtype.bytes();
      for (long size : shape) {
        bytes *= size;
      }
      return bytes;
    }
  }

  /** What the moments of a parameter consist of. */
  static List<Piece> pieces(Parameter parameter, int bits) {
    long[] shape = parameter.value().shape();
    long[] scales = {(parameter.value().elements() + AdamW.SCALED - 1) / AdamW.SCALED};
    List<Piece> pieces = new ArrayList<>();
    for (String name : List.of(".exp_avg", ".exp_avg_sq")) {
      pieces.add(new Piece(name, bits == 32 ? DType.FP32 : DType.U8, shape));
      if (bits != 32) {
        pieces.add(new Piece(name + SCALE, DType.FP32, scales));
      }
    }
    return pieces;
  }

  private static final String SCALE = ".scale";

  /** Zeros. */
  static Moments fresh(Allocator allocator, Parameter parameter, int bits) {
    List<Tensor> made = new ArrayList<>();
    try {
      for (Piece piece : pieces(parameter, bits)) {
        made.add(allocator.zeros(LedgerClass.OPTIMIZER, piece.dtype, piece.shape));
      }
    } catch (RuntimeException e) {
      made.forEach(Tensor::release);
      throw e;
    }
    return new Moments(bits, made);
  }

  /** How many bits the moments have that a file holds under a parameter's name. */
  static int bits(SafetensorsFile file, Parameter parameter) {
    return file.find(parameter.name() + ".exp_avg" + SCALE) == null ? 32 : 8;
  }

  /** What the kernels take. */
  List<Operand> operands() {
    return tensors.stream().map(Tensor::operand).toList();
  }

  private AdamW.EightBitSlot codes(Parameter parameter) {
    Operand value = parameter.value().operand();
    return new AdamW.EightBitSlot(
        value,
        value,
        tensors.get(0).operand(),
        tensors.get(1).operand(),
        tensors.get(2).operand(),
        tensors.get(3).operand());
  }

  /** The same in other bits; these stay. Narrowing rounds by {@code step}, widening is exact. */
  Moments inBits(Allocator allocator, Parameter parameter, int other, long step) {
    Moments to = fresh(allocator, parameter, other);
    Moments wide = bits == 32 ? this : to;
    Moments narrow = bits == 32 ? to : this;
    AdamW.EightBitSlot codes = narrow.codes(parameter);
    if (other == 8) {
      MomentForms.narrow(codes, wide.tensors.get(0).operand(), wide.tensors.get(1).operand(), step);
    } else {
      MomentForms.widen(wide.tensors.get(0).operand(), wide.tensors.get(1).operand(), codes);
    }
    return to;
  }

  /** Under the parameter's name, to be written. */
  List<NamedTensor> named(Parameter parameter) {
    List<Piece> pieces = pieces(parameter, bits);
    List<NamedTensor> named = new ArrayList<>();
    for (int i = 0; i < tensors.size(); i++) {
      Tensor t = tensors.get(i);
      String name = parameter.name() + pieces.get(i).suffix;
      named.add(NamedTensor.of(name, t.dtype(), t.shape(), t.memory()));
    }
    return named;
  }

  /**
   * Reads back what {@link #named} wrote.
   *
   * @throws NacelleException of kind INPUT where the file's tensors are not this parameter's
   */
  void read(SafetensorsFile file, Parameter parameter) {
    List<Piece> pieces = pieces(parameter, bits);
    for (int i = 0; i < tensors.size(); i++) {
      Tensor moment = tensors.get(i);
      String name = parameter.name() + pieces.get(i).suffix;
      TensorEntry entry = file.entry(name);
      if (entry.dtype() != moment.dtype() || !Arrays.equals(entry.shape(), moment.shape())) {
        throw NacelleException.input(
            file.path() + ": " + name + " is " + entry.describe() + ", not " + moment,
            "start anew with --overwrite instead of --resume");
      }
      moment.storage().buffer().copyFrom(0, file.data(name), 0, moment.byteSize());
    }
  }

  void release() {
    tensors.forEach(Tensor::release);
  }
}
