package dev.nacelle.goldens;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Which components of an adapter that began as singular vectors have the other sign than PEFT's: a
 * vector and its negative are equally right, and whoever computes them chooses.
 *
 * @param ranks module → its components' signs, 1 or −1
 */
record Signs(Map<String, int[]> ranks) {
  static final Signs SAME = new Signs(Map.of());

  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";

  /**
   * By what the adapters began as, which stands in the second half of each A and B.
   *
   * @param one tensors of a file of twice the rank
   */
  static Signs of(Map<String, float[]> one, Map<String, float[]> other, int rank) {
    Map<String, int[]> ranks = new HashMap<>();
    one.forEach(
        (name, a) -> {
          if (name.endsWith(A)) {
            float[] theirs = Objects.requireNonNull(other.get(name));
            ranks.put(name.replace(A, ""), signs(a, theirs, rank));
          }
        });
    return new Signs(ranks);
  }

  private static int[] signs(float[] one, float[] other, int rank) {
    int in = one.length / (2 * rank);
    int[] signs = new int[rank];
    for (int i = 0; i < rank; i++) {
      double dot = 0;
      for (int k = 0; k < in; k++) {
        dot += (double) one[(rank + i) * in + k] * other[(rank + i) * in + k];
      }
      signs[i] = dot < 0 ? -1 : 1;
    }
    return signs;
  }

  /**
   * The tensors with those components turned.
   *
   * @param times how many times the rank stands in A and B
   */
  Map<String, float[]> turned(Map<String, float[]> tensors, int times) {
    Map<String, float[]> turned = new LinkedHashMap<>();
    tensors.forEach((name, values) -> turned.put(name, turned(name, values, times)));
    return turned;
  }

  private float[] turned(String name, float[] values, int times) {
    int[] signs = ranks.get(name.replace(A, "").replace(B, ""));
    if (signs == null) {
      return values;
    }
    float[] result = values.clone();
    int rank = signs.length;
    int in = values.length / (times * rank);
    for (int i = 0; i < result.length; i++) {
      result[i] *= signs[name.endsWith(A) ? i / in % rank : i % rank];
    }
    return result;
  }
}
