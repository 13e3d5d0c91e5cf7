package dev.nacelle.devices.profile;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads one YAML document into a tree, and refuses what a profile has no use for: anchors, aliases,
 * tags, a second document, a key twice, keys that are not text, and depth. Built from the parser's
 * events, so that a hostile file costs no more than its size.
 */
final class StrictYaml {
  private static final int DEEPEST = 8;
  private static final int LARGEST = 1 << 18;

  private final String file;
  private final Deque<Open> open = new ArrayDeque<>();
  private @Nullable YamlNode root;
  private int documents;

  /** A list or mapping whose end has not come yet. */
  private static final class Open {
    final int line;
    final boolean mapping;
    final List<YamlNode> items = new ArrayList<>();
    final Map<String, YamlNode> entries = new LinkedHashMap<>();
    @Nullable String key;

    Open(int line, boolean mapping) {
      this.line = line;
      this.mapping = mapping;
    }
  }

  private StrictYaml(String file) {
    this.file = file;
  }

  /**
   * Reads a document.
   *
   * @param file what messages call it
   * @throws ProfileException with the line, where it is no such document
   */
  static YamlNode parse(String file, String text) {
    if (text.length() > LARGEST) {
      throw ProfileException.at(file, 1, "is larger than " + LARGEST + " characters");
    }
    StrictYaml yaml = new StrictYaml(file);
    LoadSettings settings = LoadSettings.builder().setLabel(file).setUseMarks(true).build();
    try {
      for (Event event : new Parse(settings).parseString(text)) {
        yaml.take(event);
      }
    } catch (MarkedYamlEngineException e) {
      throw ProfileException.at(file, line(e.getProblemMark()), "no YAML: " + e.getProblem());
    } catch (YamlEngineException e) {
      throw ProfileException.at(file, 1, "no YAML: " + e.getMessage());
    }
    YamlNode root = yaml.root;
    if (root == null) {
      throw ProfileException.at(file, 1, "is empty");
    }
    return root;
  }

  private void take(Event event) {
    int line = line(event.getStartMark());
    if (event instanceof NodeEvent node && node.getAnchor().isPresent()) {
      throw ProfileException.at(file, line, "anchors and aliases are not taken here");
    }
    switch (event.getEventId()) {
      case DocumentStart -> {
        documents++;
        if (documents > 1) {
          throw ProfileException.at(file, line, "a second document; a file holds one profile");
        }
      }
      case MappingStart, SequenceStart -> begin(event, line);
      case MappingEnd, SequenceEnd -> end();
      case Scalar -> scalar(event, line);
      default -> {}
    }
  }

  private void begin(Event event, int line) {
    if (event instanceof CollectionStartEvent start && start.getTag().isPresent()) {
      throw ProfileException.at(file, line, "tags are not taken here: " + start.getTag().get());
    }
    if (open.size() >= DEEPEST) {
      throw ProfileException.at(file, line, "more than " + DEEPEST + " levels deep");
    }
    Open parent = open.peek();
    if (parent != null && parent.mapping && parent.key == null) {
      throw ProfileException.at(file, line, "a key has to be a word");
    }
    open.push(new Open(line, event.getEventId() == Event.ID.MappingStart));
  }

  private void end() {
    Open done = open.pop();
    add(
        done.mapping
            ? new YamlNode.Mapping(done.line, done.entries)
            : new YamlNode.Sequence(done.line, List.copyOf(done.items)));
  }

  private void scalar(Event event, int line) {
    ScalarEvent scalar = (ScalarEvent) event;
    if (scalar.getTag().isPresent()) {
      throw ProfileException.at(file, line, "tags are not taken here: " + scalar.getTag().get());
    }
    Open parent = open.peek();
    if (parent != null && parent.mapping && parent.key == null) {
      if (parent.entries.containsKey(scalar.getValue())) {
        throw ProfileException.at(file, line, "the key " + scalar.getValue() + " stands twice");
      }
      parent.key = scalar.getValue();
      return;
    }
    add(new YamlNode.Scalar(line, scalar.getValue(), !scalar.isPlain()));
  }

  private void add(YamlNode node) {
    Open parent = open.peek();
    if (parent == null) {
      root = node;
    } else if (parent.mapping && parent.key != null) {
      parent.entries.put(parent.key, node);
      parent.key = null;
    } else {
      parent.items.add(node);
    }
  }

  private static int line(Optional<Mark> mark) {
    return mark.map(m -> m.getLine() + 1).orElse(1);
  }
}
