// Before anything is painted, or a dark room would see a white flash. A classic script: modules run later.
try {
  const chosen = localStorage.getItem('theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system's choice holds.
}
