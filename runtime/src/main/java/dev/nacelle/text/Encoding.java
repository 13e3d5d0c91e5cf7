package dev.nacelle.text;

/**
 * Token ids and where each came from.
 *
 * @param ids token ids
 * @param starts for each id, the index of its first character in the text (UTF-16 units of the
 *     original text before normalisation; tokens that the post-processor added have −1)
 * @param ends for each id, the index after its last character (−1 as above)
 */
@SuppressWarnings("ArrayRecordComponent") // a value of three parallel arrays, never compared
public record Encoding(int[] ids, int[] starts, int[] ends) {
  public int length() {
    return ids.length;
  }
}
