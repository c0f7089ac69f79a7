// Sets the chosen theme before the first paint. Without a choice, the system's is used.
try {
  const theme = localStorage.getItem("pgq.theme")
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
} catch {
  // The browser keeps nothing for this page.
}
