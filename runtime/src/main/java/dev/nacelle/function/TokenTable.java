package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * Rows of a token table that trains: y (T, C) = scale · table[ids], of no input. Backward adds each
 * row of scale · g to the gradient of its token's row, one after the other, so that a token that
 * comes twice is summed in the order of the text.
 *
 * @param table (V, C) fp32
 * @param ids (T), of the table's rows
 * @param tokens the same (T) I32
 * @param scale what some families multiply embeddings with
 * @param dtype of y
 */
@SuppressWarnings("ArrayRecordComponent") // read only, never compared
public record TokenTable(Parameter table, int[] ids, Tensor tokens, float scale, DType dtype)
    implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor y = context.output(dtype, ids.length, table.value().size(1));
    var elementwise = context.kernels().elementwise();
    elementwise.gatherRows(y.operand(), table.value().operand(), tokens.operand());
    if (scale != 1f) {
      elementwise.scale(y.operand(), scale);
    }
    return y;
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    Gradients.Slot slot = gradients.slot(table);
    if (slot.fresh() && !context.isRehearsal()) {
      slot.gradient().storage().buffer().zero();
    }
    Operand to = slot.gradient().operand();
    Operand from = gradOutput.operand();
    var elementwise = context.kernels().elementwise();
    for (int t = 0; t < ids.length; t++) {
      elementwise.add(to.rows(ids[t], ids[t] + 1), from.rows(t, t + 1), scale);
    }
  }
}
