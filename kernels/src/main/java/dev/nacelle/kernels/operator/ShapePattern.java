package dev.nacelle.kernels.operator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A shape in letters: {@code B,T,H,D}, {@code …,C}, {@code T,…,N}, {@code D/2}, {@code 1}. A letter
 * stands for one size everywhere in a call; {@code …}, once in a shape, for any dimensions, the
 * same in every tensor; {@code D/2} asks that D be twice the size.
 */
public final class ShapePattern {
  /** Any dimensions. */
  public static final String REST = "…";

  private final String text;
  private final List<String> parts;

  private ShapePattern(String text, List<String> parts) {
    this.text = text;
    this.parts = parts;
  }

  public static ShapePattern of(String text) {
    List<String> parts = new ArrayList<>();
    if (!text.isEmpty()) {
      for (String part : text.split(",", -1)) {
        parts.add(part.strip());
      }
    }
    return new ShapePattern(text, List.copyOf(parts));
  }

  /** What letters stand for in one call; the open dimensions apart. */
  public static final class Binding {
    private final Map<String, Long> letters;
    private long @Nullable [] rest;

    public Binding(Map<String, Long> letters) {
      this.letters = letters;
    }

    /** The size behind a letter; absent when no given tensor has it. */
    public @Nullable Long size(String letter) {
      return letters.get(letter);
    }

    /** The dimensions behind {@code …}. */
    public long[] rest() {
      return rest == null ? new long[0] : rest.clone();
    }
  }

  /**
   * Holds a shape against the pattern, binding letters that are new.
   *
   * @return null when it fits, else what was expected, in numbers as far as they are known
   */
  public @Nullable String bind(long[] shape, Binding binding) {
    int before = parts.indexOf(REST);
    int fixed = before < 0 ? parts.size() : parts.size() - 1;
    if (before < 0 ? shape.length != fixed : shape.length < fixed) {
      return expected(binding);
    }
    int open = shape.length - fixed;
    if (before >= 0) {
      long[] rest = Arrays.copyOfRange(shape, before, before + open);
      if (binding.rest == null) {
        binding.rest = rest;
      } else if (!Arrays.equals(binding.rest, rest)) {
        return expected(binding);
      }
    }
    int at = 0;
    for (String part : parts) {
      if (part.equals(REST)) {
        at += open;
      } else if (!bindPart(part, shape[at++], binding)) {
        return expected(binding);
      }
    }
    return null;
  }

  private static boolean bindPart(String part, long size, Binding binding) {
    if (Character.isDigit(part.charAt(0))) {
      return size == Long.parseLong(part);
    }
    int slash = part.indexOf('/');
    String letter = slash < 0 ? part : part.substring(0, slash);
    long whole = slash < 0 ? size : size * Long.parseLong(part.substring(slash + 1));
    Long known = binding.letters.putIfAbsent(letter, whole);
    return known == null || known == whole;
  }

  /**
   * The shape in numbers.
   *
   * @throws IllegalStateException if a letter stands for nothing
   */
  public long[] resolve(Binding binding) {
    List<Long> sizes = new ArrayList<>();
    for (String part : parts) {
      if (part.equals(REST)) {
        for (long size : binding.rest()) {
          sizes.add(size);
        }
      } else {
        Long size = value(part, binding);
        if (size == null) {
          throw new IllegalStateException("no tensor says how large " + part + " is");
        }
        sizes.add(size);
      }
    }
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }

  private static @Nullable Long value(String part, Binding binding) {
    if (Character.isDigit(part.charAt(0))) {
      return Long.parseLong(part);
    }
    int slash = part.indexOf('/');
    Long size = binding.letters.get(slash < 0 ? part : part.substring(0, slash));
    if (size == null) {
      return null;
    }
    return slash < 0 ? size : size / Long.parseLong(part.substring(slash + 1));
  }

  private String expected(Binding binding) {
    StringBuilder words = new StringBuilder("(").append(text).append(")");
    StringBuilder numbers = new StringBuilder();
    for (String part : parts) {
      if (!numbers.isEmpty()) {
        numbers.append(", ");
      }
      long[] rest = binding.rest;
      if (part.equals(REST) && rest != null) {
        for (int i = 0; i < rest.length; i++) {
          numbers.append(i == 0 ? "" : ", ").append(rest[i]);
        }
      } else {
        Long size = part.equals(REST) ? null : value(part, binding);
        numbers.append(size == null ? part : size.toString());
      }
    }
    return words.append(" = [").append(numbers).append("]").toString();
  }

  @Override
  public String toString() {
    return "(" + text + ")";
  }
}
