/** Tells the phone around this page what the resident answered to a consent screen. */

const { outcome } = document.querySelector("h1").dataset;
parent.postMessage({ liff: "answered", outcome }, location.origin);
