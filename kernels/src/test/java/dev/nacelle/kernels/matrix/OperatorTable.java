package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The page docs/reference/operators.md, written from the descriptions and what the matrix counted.
 */
final class OperatorTable {
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(\\w+)` .*\\| ([0-9.]+) \\|$");

  /** How far, in tolerances, the largest error was seen to differ between an EPYC and a Xeon. */
  private static final double OTHER_PROCESSOR = 0.3;

  /**
   * What the matrix saw of one operator.
   *
   * @param cases on each set of kernels
   * @param error the largest, in units of what was allowed
   */
  record Seen(int cases, double error) {}

  private OperatorTable() {}

  /** The page. */
  static String page(Map<String, Seen> seen) {
    StringBuilder text =
        new StringBuilder(
            """
            # Operators

            What `./nacelle op run` runs, `./nacelle op list` lists and `./nacelle bench ops` measures. This page
            is written by the spec matrix (`OperatorMatrixTest`) from the operators' own descriptions and its own
            counts; a build in which they differ fails. To write it anew:

                mvn -o -pl kernels -am test -Dtest=OperatorMatrixTest -Dsurefire.failIfNoSpecifiedTests=false \\
                    -Dnacelle.operators.page=write

            A case is one call: an operator on tensors of one shape, type, layout and kind of values, with one
            choice of attributes, forward and backward, held against LibTorch's autograd in fp64 or a closed
            form, or bit by bit against the same call on contiguous tensors. Each set of kernels has so many: the
            Java reference and the C library at every instruction set that the machine has. The error is the
            largest seen on any of them, in units of what the operator's tolerance allowed, rounded up; it was
            seen on a processor with AVX-512.

            | operator | backends | dtypes | cases | largest error |
            |---|---|---|---|---|
            """);
    for (Operator operator : Operators.all()) {
      OperatorSpec spec = operator.spec();
      Seen of = Objects.requireNonNull(seen.get(spec.name()), spec.name());
      text.append(
          String.format(
              Locale.ROOT,
              "| `%s` | %s | %s | %,d | %.1f |%n",
              spec.name(),
              spec.backends().stream()
                  .sorted()
                  .map(Backend::label)
                  .collect(Collectors.joining(", ")),
              spec.dtypes().stream().map(DType::label).collect(Collectors.joining(", ")),
              of.cases(),
              Math.ceil(of.error() * 10) / 10));
    }
    int all = seen.values().stream().mapToInt(Seen::cases).sum();
    text.append(String.format(Locale.ROOT, "%n%,d cases on each set of kernels.%n", all));
    Operators.all().forEach(operator -> describe(operator.spec(), text));
    return text.toString();
  }

  private static void describe(OperatorSpec spec, StringBuilder text) {
    text.append("\n## ").append(spec.name()).append("\n\n").append(spec.summary()).append("\n\n");
    text.append("Inputs: ").append(tensors(spec.inputs())).append(".\n");
    text.append("Outputs: ").append(tensors(spec.outputs())).append(".\n");
    for (AttributeSpec attribute : spec.attributes()) {
      text.append("\n- `").append(attribute.name()).append("`: ").append(attribute.range());
      String standard = attribute.defaultText();
      text.append(standard == null ? "; required" : "; default " + standard);
    }
    text.append(spec.attributes().isEmpty() ? "" : "\n");
  }

  private static String tensors(List<TensorSpec> tensors) {
    return tensors.stream()
        .map(t -> "`" + t.name() + "` (" + t.shape() + ")" + (t.optional() ? "?" : ""))
        .collect(Collectors.joining(", "));
  }

  /**
   * What of a page is out of date, in words; empty for nothing. Errors depend on the machine: they
   * may lie below those of the page, and a little above. None may pass the tolerance itself.
   */
  static String stale(String page, Map<String, Seen> seen) {
    Map<String, Double> errors = new TreeMap<>();
    Matcher rows = ROW.matcher(page);
    while (rows.find()) {
      errors.put(rows.group(1), Double.parseDouble(rows.group(2)));
    }
    Map<String, Seen> merged = new TreeMap<>();
    for (Map.Entry<String, Seen> entry : seen.entrySet()) {
      Double before = errors.get(entry.getKey());
      if (before == null) {
        return "it has no row for " + entry.getKey();
      }
      if (entry.getValue().error() > before + OTHER_PROCESSOR) {
        return String.format(
            Locale.ROOT,
            "it says that the largest error of %s is %.1f, and %.2f was seen",
            entry.getKey(),
            before,
            entry.getValue().error());
      }
      merged.put(entry.getKey(), new Seen(entry.getValue().cases(), Math.max(0, before - 1e-9)));
    }
    List<String> want = page(merged).lines().toList();
    List<String> have = page.lines().toList();
    for (int i = 0; i < Math.max(want.size(), have.size()); i++) {
      String now = i < want.size() ? want.get(i) : "nothing";
      String then = i < have.size() ? have.get(i) : "nothing";
      if (!now.equals(then)) {
        return "line " + (i + 1) + " reads\n  " + then + "\nand would be\n  " + now;
      }
    }
    return "";
  }
}
