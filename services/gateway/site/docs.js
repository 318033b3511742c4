/** Shows the gateway's own description of itself; nothing is asked of anybody else, and a key stays in this page's memory. */
/* global SwaggerUIBundle */
SwaggerUIBundle({
  url: '/api/v2/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  // Its default asks swagger.io.
  validatorUrl: null,
});
