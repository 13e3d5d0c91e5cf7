package dev.nacelle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.inspect.Inspection;
import dev.nacelle.report.Sizes;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a person reads of an inspection. */
final class InspectTable {
  private static final int LONGEST_VALUE = 76;

  private InspectTable() {}

  static void print(PrintStream out, Path path, Inspection found, @Nullable Loading loading) {
    Inspection.Kind kind = found.kind();
    out.printf(
        Locale.ROOT,
        "%s: %s, %,d tensors, %,d elements, %s%s%n",
        Quoted.path(path),
        kind == null ? "unknown" : kind.label(),
        found.tensors().size(),
        found.elements(),
        Sizes.bytes(found.bytes()),
        found.ok() ? "" : ", NOT OK");
    if (!found.bytesByType().isEmpty()) {
      out.println(
          "  types     "
              + found.bytesByType().entrySet().stream()
                  .map(e -> e.getKey() + " " + Sizes.bytes(e.getValue()))
                  .collect(Collectors.joining(", ")));
    }
    if (loading != null) {
      out.println(
          "  loads     "
              + (loading.reason() == null
                  ? loading.facts().entrySet().stream()
                      .map(e -> e.getKey().replace('_', ' ') + " " + e.getValue())
                      .collect(Collectors.joining(", "))
                  : "not: " + loading.reason()));
    }
    for (String note : found.notes()) {
      out.println("  note      " + note);
    }
    if (found.failure() != null) {
      out.println("  error     " + found.failure().getMessage());
    }
    metadata(out, found);
    tensors(out, found);
    out.println();
  }

  private static void metadata(PrintStream out, Inspection found) {
    if (found.metadata().isEmpty()) {
      return;
    }
    out.println("  metadata");
    for (Map.Entry<String, JsonNode> field : found.metadata().properties()) {
      out.println("    " + plain(field.getKey()) + " = " + shorten(field.getValue()));
    }
  }

  private static String shorten(JsonNode value) {
    String text = plain(value.isTextual() ? value.textValue() : value.toString());
    return text.length() > LONGEST_VALUE ? text.substring(0, LONGEST_VALUE) + "…" : text;
  }

  /** A file's own words, with nothing that moves a cursor. */
  private static String plain(String text) {
    String quoted = Quoted.name(text);
    return quoted.startsWith("'") && quoted.endsWith("'")
        ? quoted.substring(1, quoted.length() - 1)
        : quoted;
  }

  private static void tensors(PrintStream out, Inspection found) {
    if (found.tensors().isEmpty()) {
      return;
    }
    boolean several = found.tensors().stream().map(Inspection.Tensor::file).distinct().count() > 1;
    int name = 6;
    int shape = 5;
    for (Inspection.Tensor tensor : found.tensors()) {
      name = Math.max(name, plain(tensor.entry().name()).length());
      shape = Math.max(shape, Arrays.toString(tensor.entry().shape()).length());
    }
    String row = "  %-" + name + "s  %-6s  %-" + shape + "s  %,15d%s%n";
    out.printf(
        "  %-" + name + "s  %-6s  %-" + shape + "s  %15s%n", "tensor", "type", "shape", "bytes");
    for (Inspection.Tensor tensor : found.tensors()) {
      out.printf(
          Locale.ROOT,
          row,
          plain(tensor.entry().name()),
          tensor.entry().fileDtype(),
          Arrays.toString(tensor.entry().shape()),
          tensor.entry().bytes(),
          several ? "  " + Quoted.path(tensor.file()) : "");
    }
  }
}
