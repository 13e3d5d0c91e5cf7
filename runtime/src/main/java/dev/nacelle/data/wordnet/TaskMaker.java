package dev.nacelle.data.wordnet;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import net.sf.extjwnl.JWNLException;
import net.sf.extjwnl.data.IndexWord;
import net.sf.extjwnl.data.POS;
import net.sf.extjwnl.data.Synset;
import net.sf.extjwnl.data.Word;
import net.sf.extjwnl.dictionary.Dictionary;

/**
 * Reads WordNet and writes the tasks; {@link WordnetTasks} runs it as a process of its own.
 *
 * <p>A word is taken in the part of speech and sense that is used most in WordNet's tagged texts,
 * and no sense is taken twice, so that nothing of the held-out part can be learnt from the rest.
 * What comes in, and in which order, is decided by hashes of the words: the files are the same on
 * every machine.
 */
final class TaskMaker {
  private static final Pattern WORD = Pattern.compile("[a-z]{3,14}");
  private static final Pattern DEFINITION = Pattern.compile("[a-z][a-z0-9 ,'()-]{11,79}");

  private TaskMaker() {}

  /** A word's best sense so far. */
  private record Sense(Entry entry, int uses, long synset) {}

  /**
   * @param args the folder, which exists; the number of training tasks; of held-out tasks
   */
  public static void main(String[] args) throws IOException, JWNLException {
    Path folder = Path.of(args[0]);
    int train = Integer.parseInt(args[1]);
    int heldOut = Integer.parseInt(args[2]);
    List<Entry> entries = entries();
    if (entries.size() < train + heldOut) {
      throw new IllegalStateException("WordNet gave only " + entries.size() + " entries");
    }
    write(folder.resolve(WordnetTasks.HELD_OUT), entries.subList(0, heldOut));
    write(folder.resolve(WordnetTasks.TRAIN), entries.subList(heldOut, heldOut + train));
  }

  private static List<Entry> entries() throws JWNLException {
    Dictionary dictionary = Dictionary.getDefaultResourceInstance();
    Map<String, Sense> best = new TreeMap<>();
    for (POS pos : List.of(POS.NOUN, POS.VERB, POS.ADJECTIVE, POS.ADVERB)) {
      Iterator<IndexWord> words = dictionary.getIndexWordIterator(pos);
      while (words.hasNext()) {
        consider(words.next(), pos, best);
      }
    }
    Set<Long> taken = new HashSet<>();
    List<Entry> entries = new ArrayList<>();
    for (Sense sense : best.values()) {
      if (taken.add(sense.synset())) {
        entries.add(sense.entry());
      }
    }
    entries.sort(Comparator.<Entry>comparingLong(e -> hash(e.word())).thenComparing(Entry::word));
    return entries;
  }

  private static void consider(IndexWord index, POS pos, Map<String, Sense> best)
      throws JWNLException {
    String lemma = index.getLemma();
    if (!WORD.matcher(lemma).matches()) {
      return;
    }
    Synset synset = index.getSenses().get(0);
    int uses = 0;
    for (Word word : synset.getWords()) {
      if (word.getLemma().equals(lemma)) {
        uses = word.getUseCount();
      }
    }
    String definition = definition(synset.getGloss());
    if (uses == 0
        || !DEFINITION.matcher(definition).matches()
        || definition.contains(lemma.substring(0, Math.min(lemma.length(), 5)))) {
      return;
    }
    Sense known = best.get(lemma);
    if (known == null || known.uses() < uses) {
      Entry entry = new Entry(lemma, pos.getLabel(), definition);
      best.put(lemma, new Sense(entry, uses, synset.getOffset() * 8 + pos.getId()));
    }
  }

  /** A gloss is a definition, then examples in quotation marks, with semicolons between. */
  private static String definition(String gloss) {
    int end = gloss.indexOf("; \"");
    String definition = (end < 0 ? gloss : gloss.substring(0, end)).strip();
    int more = definition.indexOf(';');
    return (more < 0 ? definition : definition.substring(0, more)).strip();
  }

  /** FNV-1a, then mixed. */
  private static long hash(String text) {
    long h = 0xCBF29CE484222325L;
    for (int i = 0; i < text.length(); i++) {
      h = (h ^ text.charAt(i)) * 0x100000001B3L;
    }
    h = (h ^ (h >>> 32)) * 0x9E3779B97F4A7C15L;
    return h ^ (h >>> 29);
  }

  private static void write(Path file, List<Entry> entries) throws IOException {
    JsonFactory json = new JsonFactory();
    try (Writer out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
      for (int i = 0; i < entries.size(); i++) {
        Entry.Task task = entries.get(i).task(i);
        try (JsonGenerator line = json.createGenerator(out)) {
          line.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
          line.writeStartObject();
          line.writeArrayFieldStart("messages");
          turn(line, "user", task.question());
          turn(line, "assistant", task.answer());
          line.writeEndArray();
          line.writeEndObject();
        }
        out.write('\n');
      }
    }
  }

  private static void turn(JsonGenerator line, String role, String content) throws IOException {
    line.writeStartObject();
    line.writeStringField("role", role);
    line.writeStringField("content", content);
    line.writeEndObject();
  }
}
