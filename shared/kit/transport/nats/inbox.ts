/** What answers to `identity` begin with: its rights let it hear these, and nobody else's. */
export const inboxOf = (identity: string): string => `_INBOX_${identity}`;
