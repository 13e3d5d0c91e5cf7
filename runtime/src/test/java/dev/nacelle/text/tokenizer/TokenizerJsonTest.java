package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file may say, in which order, and how it is refused. */
class TokenizerJsonTest {
  private static final String MODEL =
      "'model':{'type':'BPE','unk_token':'?','vocab':{'a':0,'b':1,'ab':2,'?':3},'merges':['a b']}";

  @TempDir private Path folder;

  private Tokenizer load(String json) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, json.replace('\'', '"'));
    return TokenizerJson.load(file);
  }

  private void refuses(String json, String... words) {
    NacelleException e = assertThrows(NacelleException.class, () -> load(json));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    for (String word : words) {
      assertTrue(String.valueOf(e.getMessage()).contains(word), e.getMessage() + " lacks " + word);
    }
    assertTrue(String.valueOf(e.getMessage()).contains("tokenizer.json"), e.getMessage());
  }

  @Test
  void mergesAreStringsOrPairsAndMayComeFirst() throws IOException {
    for (String model :
        List.of(
            "{'type':'BPE','vocab':{'a':0,'b':1,'ab':2},'merges':['#version: 0.2','a b']}",
            "{'type':'BPE','vocab':{'a':0,'b':1,'ab':2},'merges':[['a','b']]}",
            "{'merges':[['a','b']],'vocab':{'ab':2,'b':1,'a':0},'type':'BPE'}")) {
      Tokenizer tokenizer = load("{'version':'1.0','model':" + model + "}");
      assertArrayEquals(new int[] {2, 1, 0}, tokenizer.encode("abba", true).ids(), model);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {'normalizer':{'type':'Precompiled'},MODEL} | normalizer | Precompiled
          {'pre_tokenizer':{'type':'UnicodeScripts'},MODEL} | pre-tokenizer | UnicodeScripts
          {'decoder':{'type':'CTC'},MODEL} | decoder | CTC
          {'post_processor':{'type':'New'},MODEL} | post-processor | New
          {'model':{'type':'WordPiece','vocab':{'a':0}}} | model | WordPiece
          {'model':{'type':'WordLevel','vocab':{'a':0}}} | model | WordLevel
          {'version':'2.0',MODEL} | version | 2.0
          {} | no model | tokenizer.json
          [] | JSON object | tokenizer.json
          {'model':{'type':'BPE','vocab':{'a':0}}} | merges | BPE
          {'model':{'type':'BPE','vocab':{'a':0},'merges':['a']}} | merge 0 | space
          {'model':{'type':'BPE','vocab':{'a':0},'merges':[['a','z']]}} | merge 0 | not in the vocabulary
          {'model':{'type':'BPE','vocab':{'a':0,'b':0},'merges':[]}} | two tokens | id 0
          {'model':{'type':'BPE','vocab':{'a':-1},'merges':[]}} | no id | a
          {'model':{'type':'BPE','vocab':{'a':99999999},'merges':[]}} | no id | 99999999
          {'model':{'type':'BPE','dropout':0.1,'vocab':{'a':0},'merges':[]}} | dropout | random
          {'model':{'type':'Unigram','unk_id':7,'vocab':[['a',0.0]]}} | unk_id | Unigram
          {'pre_tokenizer':{'type':'Split','pattern':{'Regex':'('},'behavior':'Isolated'},MODEL} | pattern | missing
          {'pre_tokenizer':{'type':'Split','pattern':{'Regex':'[a'},'behavior':'Isolated'},MODEL} | pattern | ends too early
          {'pre_tokenizer':{'type':'Split','pattern':{'String':'a'},'behavior':'Some'},MODEL} | behavior | pre-tokenizer
          {'added_tokens':[{'id':9}],MODEL} | added token | content
          {'model' | not valid JSON | line
          """)
  void refusesByName(String json, String word, String other) {
    refuses(json.replace("MODEL", MODEL), word, other);
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("nothing.json");
    NacelleException e = assertThrows(NacelleException.class, () -> TokenizerJson.load(file));
    assertTrue(String.valueOf(e.getMessage()).contains("nothing.json"));
  }

  @Test
  void knowsItsTokens() throws IOException {
    Tokenizer tokenizer =
        load(
            "{'added_tokens':[{'id':4,'content':'<s>','special':true,'normalized':false}],"
                + MODEL
                + "}");
    assertEquals(5, tokenizer.vocabularySize());
    assertEquals("<s>", tokenizer.token(4));
    assertEquals("ab", tokenizer.token(2));
    assertThrows(NacelleException.class, () -> tokenizer.token(5));
    assertEquals(OptionalInt.of(4), tokenizer.id("<s>"));
    assertEquals(OptionalInt.of(2), tokenizer.id("ab"));
    assertEquals(OptionalInt.empty(), tokenizer.id("abb"));
    assertTrue(tokenizer.isSpecial(4));
    assertFalse(tokenizer.isSpecial(2));
    Encoding encoding = tokenizer.encode("ab<s>\ud800a\udfff", false);
    assertArrayEquals(new int[] {2, 4, 3, 0, 3}, encoding.ids());
    assertArrayEquals(new int[] {0, 2, 5, 6, 7}, encoding.starts());
    assertArrayEquals(new int[] {2, 5, 6, 7, 8}, encoding.ends());
  }

  @Test
  void aPatternThatBacktracksForEverIsStopped() throws IOException {
    Tokenizer tokenizer =
        load(
            "{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(a|a)*?c'},"
                + "'behavior':'Isolated','invert':false},"
                + MODEL
                + "}");
    NacelleException e =
        assertThrows(NacelleException.class, () -> tokenizer.encode("a".repeat(60) + "b", false));
    assertTrue(String.valueOf(e.getMessage()).contains("backtracks"), e.getMessage());
  }

  @Test
  void aDeepGroupOnALongTextIsNamed() throws IOException {
    Tokenizer tokenizer =
        load(
            "{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(?:a|b)+'},"
                + "'behavior':'Isolated','invert':false},"
                + MODEL
                + "}");
    assertEquals(1, tokenizer.encode("ab", false).length());
    String text = "ab".repeat(200_000);
    try {
      assertEquals(200_000, tokenizer.encode(text, false).length());
    } catch (NacelleException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("recursion"), e.getMessage());
    }
  }
}
