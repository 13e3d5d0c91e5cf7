package dev.nacelle.text;

/**
 * One turn of a conversation.
 *
 * @param role system, user, assistant or tool
 * @param content its text
 */
public record Message(String role, String content) {}
