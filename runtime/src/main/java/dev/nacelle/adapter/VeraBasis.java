package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.VeraKind;
import dev.nacelle.file.VeraProjection;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * VeRA's frozen matrices, held once for all layers.
 *
 * @param a (R, widest in) fp32
 * @param b (widest out, R) fp32
 * @param ones as many as the longest vector has elements: what a scaling by columns divides by
 * @param isSaved whether the file has the matrices
 */
public record VeraBasis(Parameter a, Parameter b, Parameter ones, boolean isSaved) {
  static VeraBasis of(
      ParameterMaker maker,
      AdapterConfig config,
      VeraKind kind,
      List<Adapter.Module> modules,
      Adapter.Source source) {
    long[] widest =
        VeraProjection.widest(modules.stream().map(m -> new long[] {m.out(), m.in()}).toList());
    Adapter.Module all = new Adapter.Module("", widest[0], widest[1]);
    Part a = new Part(VeraKind.A, config.rank(), widest[1]);
    Part b = new Part(VeraKind.B, widest[0], config.rank());
    Part ones = new Part("ones", Math.max(widest[0], config.rank()));
    float[] down = source.values(all, a);
    float[] one = new float[down.length == 0 ? 0 : Math.toIntExact(ones.shape()[0])];
    Arrays.fill(one, 1);
    return new VeraBasis(
        maker.shared(a, down),
        maker.shared(b, source.values(all, b)),
        maker.shared(ones, one),
        kind.savesProjection());
  }

  /** What a file holds of it. */
  List<NamedTensor> saved() {
    return (isSaved ? Stream.of(a, b) : Stream.<Parameter>empty())
        .map(p -> NamedTensor.of(p.name(), DType.FP32, p.value().shape(), p.value().memory()))
        .toList();
  }

  void release() {
    a.value().release();
    b.value().release();
    ones.value().release();
  }
}
