/** The language of the browser, in which dates and numbers are written. The texts of the console are English. */
export const LOCALE = new Intl.DateTimeFormat().resolvedOptions().locale
