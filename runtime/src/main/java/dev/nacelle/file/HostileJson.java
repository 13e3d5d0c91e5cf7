package dev.nacelle.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import org.jspecify.annotations.Nullable;

/** Jackson, set up for files that nobody vouches for. */
final class HostileJson {
  /** The factory of the header parser, which checks for duplicates itself. */
  static final JsonFactory FACTORY = newFactory();

  private HostileJson() {}

  /**
   * Limits on depth, numbers and strings; names are not interned, for they are the file's. A mapper
   * needs a factory of its own, for it changes the one that it is built on.
   */
  static JsonFactory newFactory() {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(100)
                .maxNumberLength(100)
                .maxStringLength(100_000_000)
                .maxNameLength(1_000_000)
                .build())
        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
        .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
        .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
        .build();
  }

  /** Where a token lies: Jackson counts characters here, for it decodes before it parses. */
  static String place(@Nullable JsonLocation location) {
    return location == null
        ? "an unknown place"
        : "line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  /** Why the text was refused, in one line without the file's own control characters. */
  static String reason(JsonProcessingException e) {
    if (e instanceof StreamConstraintsException) {
      return "nesting, a name or a number beyond our limits";
    }
    String text = e.getOriginalMessage();
    // Where an open bracket began is told in the parser's own notation, sources and all.
    String told = text == null ? "malformed" : text.replaceAll("(?s)\\s*\\(start marker at .*", "");
    String quoted = Quoted.name(told);
    return quoted.substring(1, quoted.length() - 1);
  }

  /** Whether half of a surrogate pair stands alone, as an escape can write it. */
  static boolean hasLoneSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        return true;
      }
    }
    return false;
  }
}
