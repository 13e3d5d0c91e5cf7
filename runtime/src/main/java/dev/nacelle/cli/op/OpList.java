package dev.nacelle.cli.op;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.cuda.CudaDriver;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code ./nacelle op list}. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Lists every operator with its tensors, attributes, backends and types.",
    footer = {
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage.",
      "",
      "Examples:",
      "  ./nacelle op list",
      "  ./nacelle op list --json",
    })
public final class OpList implements Callable<Integer> {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Mixin private Speech speech = new Speech();

  @Override
  public Integer call() {
    if (speech.json) {
      ObjectNode result = MAPPER.createObjectNode();
      ArrayNode operators = result.putArray("operators");
      Operators.all().forEach(operator -> describe(operator.spec(), operators.addObject()));
      result.put("cuda", cuda());
      System.out.println(result);
    } else {
      Operators.all().stream().map(Operator::spec).forEach(OpList::print);
      System.out.println();
      System.out.println("cuda on this machine: " + cuda());
    }
    return 0;
  }

  /** What the backend {@code cuda} would run on. */
  private static String cuda() {
    try {
      String devices =
          CudaDriver.open().devices().stream()
              .map(d -> d.name() + " (sm_" + d.architecture() + ")")
              .collect(Collectors.joining(", "));
      return devices.isEmpty() ? "no device" : devices;
    } catch (NativeException e) {
      return "no device; './nacelle doctor' says what was tried";
    }
  }

  private static void describe(OperatorSpec spec, ObjectNode node) {
    node.put("name", spec.name()).put("summary", spec.summary());
    ArrayNode backends = node.putArray("backends");
    backends(spec).forEach(backends::add);
    ArrayNode dtypes = node.putArray("dtypes");
    spec.dtypes().forEach(dtype -> dtypes.add(dtype.label()));
    ObjectNode attributes = node.putObject("attributes");
    for (AttributeSpec attribute : spec.attributes()) {
      attributes
          .putObject(attribute.name())
          .put("type", attribute.type().label())
          .put("default", attribute.defaultText())
          .put("range", attribute.range());
    }
    tensors(spec.inputs(), node.putArray("inputs"));
    tensors(spec.outputs(), node.putArray("outputs"));
    node.put("backward", spec.hasBackward());
  }

  private static void tensors(List<TensorSpec> specs, ArrayNode nodes) {
    for (TensorSpec spec : specs) {
      nodes
          .addObject()
          .put("name", spec.name())
          .put("shape", spec.shape())
          .put("optional", spec.optional());
    }
  }

  private static List<String> backends(OperatorSpec spec) {
    return spec.backends().stream().sorted().map(Backend::label).toList();
  }

  private static void print(OperatorSpec spec) {
    System.out.println(spec.name() + " — " + spec.summary());
    System.out.println("  tensors     " + tensors(spec.inputs()) + " → " + tensors(spec.outputs()));
    if (!spec.attributes().isEmpty()) {
      System.out.println(
          "  attributes  "
              + spec.attributes().stream()
                  .map(a -> a.name() + " " + beginning(a) + " (" + a.range() + ")")
                  .collect(Collectors.joining(", ")));
    }
    System.out.println("  backends    " + String.join(", ", backends(spec)));
    System.out.println(
        "  dtypes      "
            + spec.dtypes().stream().map(DType::label).collect(Collectors.joining(", "))
            + (spec.hasBackward() ? "; forward and backward" : "; forward alone"));
  }

  private static String beginning(AttributeSpec attribute) {
    String text = attribute.defaultText();
    return text == null ? "required" : text;
  }

  private static String tensors(List<TensorSpec> specs) {
    return specs.stream()
        .map(t -> t.name() + " (" + t.shape() + ")" + (t.optional() ? "?" : ""))
        .collect(Collectors.joining(", "));
  }
}
