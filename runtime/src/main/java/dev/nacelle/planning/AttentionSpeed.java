package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.stream.IntStream;

/**
 * Causal attention, forward and backward together: a sample of L tokens takes heads · head_dim ·
 * ({@code token} · L + {@code square} · L²) seconds.
 *
 * @param token seconds a token and an element of its heads
 * @param square seconds a token squared
 */
public record AttentionSpeed(double token, double square) {
  /** As NeededWork counts them. */
  private static final double FLOPS_A_SQUARE = 7;

  private static final int BRIEF = 128;
  private static final int BRIEF_SAMPLES = 2;
  private static final int AMPLE = 1024;
  private static final int HEADS = 8;
  private static final int HEAD = 64;

  /** So many operations a second at any length. */
  static AttentionSpeed even(double flops) {
    return new AttentionSpeed(0, FLOPS_A_SQUARE / flops);
  }

  double seconds(double width, double tokens, double squares) {
    return width * (token * tokens + square * squares);
  }

  /** Operations a second in long samples. */
  public double flops() {
    return FLOPS_A_SQUARE / square;
  }

  /** Two short samples and a long one, to be measured. */
  static final class Work implements AutoCloseable {
    private final NativeBuffer memory = ByteRates.filled(6L * Float.BYTES * AMPLE * HEADS * HEAD);
    private final Stopwatch.Reading brief;
    private final Stopwatch.Reading ample;

    Work(KernelSet kernels, Stopwatch stopwatch) {
      brief = stopwatch.add(work(kernels, BRIEF, BRIEF_SAMPLES));
      ample = stopwatch.add(work(kernels, AMPLE, 1));
    }

    private Runnable work(KernelSet kernels, int sample, int samples) {
      int length = sample * samples;
      Operand[] heads = new Operand[5];
      for (int i = 0; i < heads.length; i++) {
        heads[i] = Operand.of(part(i), DType.FP32, length, HEADS, HEAD);
      }
      Operand sums = Operand.of(part(heads.length), DType.FP32, HEADS, length);
      AttentionMask mask = AttentionMask.causal(starts(sample, samples));
      float scale = 0.125f;
      var attention = kernels.attention();
      Operand in = heads[0];
      return () -> {
        attention.forward(heads[1], sums, in, in, in, mask, scale, 0);
        attention.backward(
            heads[2], heads[3], heads[4], in, heads[1], sums, in, in, in, mask, scale, 0);
      };
    }

    private static int[] starts(int sample, int samples) {
      return IntStream.rangeClosed(0, samples).map(i -> i * sample).toArray();
    }

    private NativeBuffer part(int number) {
      long bytes = (long) Float.BYTES * AMPLE * HEADS * HEAD;
      return memory.slice(number * bytes, bytes);
    }

    AttentionSpeed speed() {
      double few = brief.median() / (HEADS * HEAD * BRIEF * BRIEF_SAMPLES);
      double many = ample.median() / (HEADS * HEAD * AMPLE);
      double square = Math.clamp((many - few) / (AMPLE - BRIEF), many / AMPLE / 10, many / AMPLE);
      return new AttentionSpeed(Math.max(0, many - square * AMPLE), square);
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  ObjectNode json() {
    return JsonNodeFactory.instance.objectNode().put("token", token).put("square", square);
  }

  static AttentionSpeed of(JsonNode json) {
    return new AttentionSpeed(json.path("token").asDouble(), json.path("square").asDouble());
  }
}
