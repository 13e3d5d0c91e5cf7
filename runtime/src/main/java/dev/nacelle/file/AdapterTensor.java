package dev.nacelle.file;

/**
 * The low-rank pair of one module, to be written.
 *
 * @param modulePath Hugging Face's path: {@code model.layers.0.self_attn.q_proj}
 * @param out rows of B
 * @param in columns of A
 * @param a (rank, in) fp32
 * @param b (out, rank) fp32
 */
public record AdapterTensor(
    String modulePath, long out, long in, NamedTensor.Payload a, NamedTensor.Payload b) {

  /** A pair in Java arrays. */
  public static AdapterTensor of(String modulePath, long out, long in, float[] a, float[] b) {
    return new AdapterTensor(modulePath, out, in, NamedTensor.floats(a), NamedTensor.floats(b));
  }
}
