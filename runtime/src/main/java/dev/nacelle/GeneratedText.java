package dev.nacelle;

/**
 * What a model wrote.
 *
 * @param text without special tokens and stop text
 * @param ids (N) the new tokens without the end token; those that spell a stop text are among them
 * @param promptTokens tokens that it read first
 * @param seconds from the prompt's first token to the last new one
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
public record GeneratedText(String text, int[] ids, int promptTokens, double seconds) {}
