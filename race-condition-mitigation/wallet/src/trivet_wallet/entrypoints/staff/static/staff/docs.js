// Lays out the API's document; nothing can be sent from here, since the API is not served here.
"use strict";
SwaggerUIBundle({
  dom_id: "#api",
  url: document.getElementById("api").dataset.document,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  supportedSubmitMethods: [],
  validatorUrl: null,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
});
