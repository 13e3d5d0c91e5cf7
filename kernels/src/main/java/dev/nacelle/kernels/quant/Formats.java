package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import java.util.List;

/** What both operators' descriptions say about formats. */
final class Formats {
  /** The formats that benches measure: two plain ones, eight bits, both K kinds, NF4. */
  static final List<BlockFormat> MEASURED =
      List.of(
          BlockFormat.Q4_0,
          BlockFormat.Q4_1,
          BlockFormat.Q8_0,
          BlockFormat.Q4_K,
          BlockFormat.Q6_K,
          BlockFormat.NF4);

  private Formats() {}

  static AttributeSpec attribute() {
    String[] labels =
        Arrays.stream(BlockFormat.values()).map(BlockFormat::label).toArray(String[]::new);
    return AttributeSpec.choice("format", "", labels).required();
  }

  /** The matrix that a call's blocks, absmax and format make. */
  static BlockMatrix matrix(OperatorCall call, Scratch scratch) {
    Operand absmax = call.optional("absmax");
    return new BlockMatrix(
        scratch.contiguous(call.input("blocks")),
        BlockFormat.parse(call.attributes().text("format")),
        absmax == null ? null : scratch.contiguous(absmax),
        0);
  }

  /** A matrix (rows, columns) for one measurement. */
  static BlockMatrix sample(BenchTensors bench, BlockFormat format, long rows, long columns) {
    long shared = BlockFormat.ABSMAX_ELEMENTS;
    return new BlockMatrix(
        bench.blocks(rows, format.rowBytes(columns)),
        format,
        format.hasAbsmax()
            ? bench.random(DType.FP32, (rows * columns + shared - 1) / shared)
            : null,
        0);
  }

  /** Bytes that the matrix takes. */
  static long bytes(BlockMatrix matrix) {
    Operand absmax = matrix.absmax();
    return matrix.blocks().byteSize() + (absmax == null ? 0 : absmax.byteSize());
  }
}
