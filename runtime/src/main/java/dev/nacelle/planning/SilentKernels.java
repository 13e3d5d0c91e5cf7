package dev.nacelle.planning;

import dev.nacelle.kernels.Attention;
import dev.nacelle.kernels.AttentionMask;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Kernels that compute nothing and touch no memory. What a real kernel takes beside the tensors
 * that it is given, its scratch, is added up instead.
 */
final class SilentKernels {
  private final KernelSet real;
  private final KernelSet silent;
  private final Map<Class<?>, Object> faces = new HashMap<>();
  private final WorkTally tally;
  private long attentionScratch;
  private long headScratch;

  /**
   * @param real asked how much scratch it would take, and for its names; not closed
   */
  SilentKernels(KernelSet real) {
    this(real, new WorkTally(0));
  }

  /**
   * @param tally counts what the kernels would have worked on
   */
  SilentKernels(KernelSet real, WorkTally tally) {
    this.real = real;
    this.tally = tally;
    Attention attention = new SilentAttention();
    CrossEntropy head = new SilentHead(real.crossEntropy());
    this.silent =
        face(
            KernelSet.class,
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "attention" -> attention;
                  case "crossEntropy" -> head;
                  case "close" -> null;
                  default -> answer(self, method, arguments);
                });
  }

  KernelSet set() {
    return silent;
  }

  /** Bytes that the kernels called so far would have held beside the tensors. */
  long scratchBytes() {
    return real.scratchBytes() + attentionScratch + headScratch;
  }

  /** Another silent face, the real set's own word, or nothing. */
  private @Nullable Object answer(Object self, Method method, Object @Nullable [] arguments)
      throws Throwable {
    if (method.getDeclaringClass() == Object.class) {
      return method.invoke(this, arguments);
    }
    if (method.isDefault() && method.getReturnType() != void.class) {
      return InvocationHandler.invokeDefault(self, method, arguments);
    }
    Class<?> returned = method.getReturnType();
    if (returned.isInterface() && returned.getPackageName().equals("dev.nacelle.kernels")) {
      return faces.computeIfAbsent(returned, type -> face(type, this::answer));
    }
    if (method.getDeclaringClass() == KernelSet.class && returned != void.class) {
      return method.invoke(real, arguments);
    }
    tally.add(method, arguments);
    if (returned == double.class) {
      return 0.0;
    }
    if (returned == long.class) {
      return 0L;
    }
    return returned == String.class ? "" : null;
  }

  private static <T> T face(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            SilentKernels.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private final class SilentAttention implements Attention {
    @Override
    public void forward(
        Operand out,
        Operand logSumExp,
        Operand q,
        Operand k,
        Operand v,
        AttentionMask mask,
        float scale,
        float softcap) {
      hold(real.attention().forwardScratch(q.size(1), k.size(1), q.size(2)));
    }

    @Override
    public void backward(
        Operand gradQ,
        Operand gradK,
        Operand gradV,
        Operand gradOut,
        Operand out,
        Operand logSumExp,
        Operand q,
        Operand k,
        Operand v,
        AttentionMask mask,
        float scale,
        float softcap) {
      hold(real.attention().backwardScratch(mask, q.size(1), k.size(1), q.size(2), gradQ.dtype()));
    }

    @Override
    public void cached(
        Operand out,
        Operand q,
        Operand k,
        Operand v,
        int past,
        int window,
        float scale,
        float softcap) {
      hold(real.attention().forwardScratch(q.size(1), k.size(1), q.size(2)));
    }

    private void hold(long bytes) {
      attentionScratch = Math.max(attentionScratch, bytes);
    }
  }

  private final class SilentHead implements CrossEntropy {
    private final CrossEntropy head;

    SilentHead(CrossEntropy head) {
      this.head = head;
    }

    @Override
    public long workspaceBytes(long rows, long vocabulary, long channels, DType dtype) {
      return head.workspaceBytes(rows, vocabulary, channels, dtype);
    }

    @Override
    public void forward(
        Operand losses,
        @Nullable Operand gradHidden,
        @Nullable Operand gradWeight,
        @Nullable Operand gradLosses,
        Operand hidden,
        Matrix weight,
        Operand targets,
        float gradScale,
        float softcap,
        @Nullable LowRank lowRank,
        NativeBuffer workspace) {
      if (gradHidden != null && weight instanceof BlockMatrix) {
        // The targets' rows of a quantised head are widened beside the workspace.
        headScratch = Math.max(headScratch, DType.FP32.bytes() * hidden.elements());
      }
    }
  }
}
