package dev.nacelle.kernels.crossentropy;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code cross_entropy}, described. */
public final class CrossEntropyOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "cross_entropy",
          "Head and loss fused: logsumexp(hidden·weightᵀ) − logit of the target, without the"
              + " (N, V) logits; targets −100 are skipped.",
          List.of(
              TensorSpec.storage("hidden", "N,C"),
              TensorSpec.parameter("weight", "V,C"),
              TensorSpec.integers("targets", "N"),
              TensorSpec.parameter("a", "R,C").orNone(),
              TensorSpec.parameter("b", "V,R").orNone()),
          List.of(TensorSpec.floats("losses", "N")),
          List.of(
              AttributeSpec.real("softcap", "none").above(0).orNone(),
              AttributeSpec.real("scale", "1.0")),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand hidden = call.input("hidden");
    Operand weight = call.input("weight");
    Operand a = call.optional("a");
    Operand b = call.optional("b");
    if ((a == null) != (b == null)) {
      throw new OperatorInputException(
          "cross_entropy: tensor '"
              + (a == null ? "a" : "b")
              + "' is missing; a (R, C) and b (V, R) come together");
    }
    Operand gradLosses = call.gradientOf("losses");
    boolean backward = gradLosses != null;
    CrossEntropy.LowRank pair = null;
    if (a != null && b != null) {
      pair =
          new CrossEntropy.LowRank(
              a,
              b,
              (float) call.attributes().real("scale"),
              backward ? call.gradientFor("a") : null,
              backward ? call.gradientFor("b") : null);
    }
    CrossEntropy head = kernels.crossEntropy();
    NativeBuffer workspace =
        call.scratch(
            head.workspaceBytes(hidden.size(0), weight.size(0), hidden.size(1), hidden.dtype()));
    head.forward(
        call.output("losses"),
        backward ? call.gradientFor("hidden") : null,
        backward ? call.gradientFor("weight") : null,
        gradLosses,
        hidden,
        weight,
        call.input("targets"),
        1,
        call.attributes().isNone("softcap") ? 0 : (float) call.attributes().real("softcap"),
        pair,
        workspace);
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return tensor.equals("grad_hidden")
        ? Tolerance.of(dtype, 1, 16 * terms)
        : Tolerance.of(DType.FP32, 4, 16 * terms);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("N", 512L);
    sizes.put("V", 49152L);
    sizes.put("C", 576L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long rows = bench.size("N");
    long vocabulary = bench.size("V");
    long channels = bench.size("C");
    Operand hidden = bench.random(dtype, rows, channels);
    Operand weight = bench.random(dtype, vocabulary, channels);
    Operand targets = bench.integers(Math.max(1, vocabulary), rows);
    Operand losses = bench.zeros(DType.FP32, rows);
    Operand gradHidden = bench.zeros(dtype, rows, channels);
    CrossEntropy head = kernels.crossEntropy();
    NativeBuffer workspace = bench.buffer(head.workspaceBytes(rows, vocabulary, channels, dtype));
    long product = 2 * rows * vocabulary * channels;
    long read = (rows + vocabulary) * channels * dtype.bytes() + rows * 8;
    return List.of(
        new Measurement(
                "forward",
                read,
                product,
                Measurement.Limit.GEMM,
                () -> forward(head, losses, null, hidden, weight, targets, workspace))
            .lent(workspace.byteSize()),
        new Measurement(
                "forward+backward",
                read + vocabulary * channels * dtype.bytes() + rows * channels * dtype.bytes(),
                2 * product,
                Measurement.Limit.GEMM,
                () -> forward(head, losses, gradHidden, hidden, weight, targets, workspace))
            .lent(workspace.byteSize()));
  }

  private static void forward(
      CrossEntropy head,
      Operand losses,
      @Nullable Operand gradHidden,
      Operand hidden,
      Operand weight,
      Operand targets,
      NativeBuffer workspace) {
    head.forward(losses, gradHidden, null, null, hidden, weight, targets, 1, 0, null, workspace);
  }
}
