package dev.nacelle.layer;

import dev.nacelle.function.Attention;
import dev.nacelle.function.NormedRope;
import dev.nacelle.function.RmsNorm;
import dev.nacelle.function.Rope;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention with grouped heads, (T, C) to (T, C).
 *
 * @param norms on queries and keys; null for none
 * @param layer the block's number, its place in the cache
 */
public record SelfAttention(
    QueryKeyValue inputs, @Nullable HeadNorms norms, Linear out, int layer, Settings settings) {

  /**
   * Numbers of a block's attention.
   *
   * @param heads H, of queries
   * @param kvHeads K, of keys and values
   * @param scale multiplies q·k
   * @param softcap bounds the scaled scores; 0 for none
   * @param window how many tokens a token sees, itself among them; 0 for all before it
   * @param positions how it knows where they stand
   */
  public record Settings(
      long heads, long kvHeads, float scale, float softcap, int window, Positions positions) {}

  /** The linear layers, in the order of Hugging Face's module. */
  public List<Linear> linears() {
    return Stream.concat(inputs.linears().stream(), Stream.of(out)).toList();
  }

  Tensor apply(Pass pass, Tensor x) {
    QueryKeyValue.Three three = inputs.apply(pass, x);
    HeadNorms n = norms;
    Tensor q = place(pass, three.query(), settings.heads, n == null ? null : n.query());
    Tensor k = place(pass, three.key(), settings.kvHeads, n == null ? null : n.key());
    KeyValueCache cache = pass.cache();
    Tensor mixed =
        cache == null
            ? pass.tape().apply(attention(pass), q, k, three.value())
            : cached(pass, cache, q, k, three.value());
    return out.apply(pass, mixed);
  }

  private Attention attention(Pass pass) {
    return new Attention(
        pass.masks().of(settings.window),
        settings.heads,
        settings.kvHeads,
        settings.scale,
        settings.softcap);
  }

  /** Norms and rotates queries or keys, as far as the block does. */
  private Tensor place(Pass pass, Tensor x, long heads, @Nullable RmsNorm norm) {
    boolean again = norm == null && pass.tape().makesAgain(x);
    Rope rope = pass.rope(settings.positions, heads, again);
    if (norm != null) {
      return pass.tape().apply(new NormedRope(norm, rope), x);
    }
    return rope == null ? x : pass.tape().apply(rope, x);
  }

  private Tensor cached(Pass pass, KeyValueCache cache, Tensor q, Tensor k, Tensor v) {
    Tape tape = pass.tape();
    long rows = q.size(0);
    Elementwise elementwise = tape.kernels().elementwise();
    elementwise.convert(cache.newKeys(layer, rows), k.operand());
    elementwise.convert(cache.newValues(layer, rows), v.operand());
    Tensor mixed =
        tape.own(tape.allocator().allocate(LedgerClass.ACTIVATIONS, q.dtype(), q.shape()));
    long all = cache.length() + rows;
    tape.kernels()
        .attention()
        .cached(
            byHead(mixed.operand(), settings.heads),
            byHead(q.operand(), settings.heads),
            byHead(cache.keys(layer, all), settings.kvHeads),
            byHead(cache.values(layer, all), settings.kvHeads),
            cache.length(),
            settings.window,
            settings.scale,
            settings.softcap);
    return mixed;
  }

  private static Operand byHead(Operand x, long heads) {
    return x.reshape(x.size(0), heads, x.size(1) / heads);
  }
}
