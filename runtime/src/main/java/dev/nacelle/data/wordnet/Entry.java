package dev.nacelle.data.wordnet;

/**
 * A word in its most used sense.
 *
 * @param word lower-case letters
 * @param partOfSpeech noun, verb, adjective or adverb
 * @param definition WordNet's, without its examples
 */
record Entry(String word, String partOfSpeech, String definition) {
  /** How the word and its part of speech are written in every answer. */
  private String head() {
    return "word: " + word + "\npart of speech: " + partOfSpeech;
  }

  /** Which of the tasks below this entry is made into; half of them are definitions. */
  Task task(long choice) {
    return switch ((int) Math.floorMod(choice, 4L)) {
      case 0 -> new Task("Which " + partOfSpeech + " means \"" + definition + "\"?", head());
      case 1 ->
          new Task(
              "What part of speech is \"" + word + "\" when it means \"" + definition + "\"?",
              head());
      default ->
          new Task(
              "Define the " + partOfSpeech + " \"" + word + "\".",
              head() + "\ndefinition: " + definition);
    };
  }

  /** A question and its answer. */
  record Task(String question, String answer) {}
}
