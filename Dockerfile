# medoscope runs its TypeScript directly on Node 24: there is no build step, only the dependencies.
FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/medoscope
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY src ./src
COPY config ./config
COPY docs/runbooks ./docs/runbooks
RUN mkdir -p /var/lib/medoscope && chown node:node /var/lib/medoscope
USER node
VOLUME /var/lib/medoscope
# OTLP/HTTP, and metrics with the API and the pages.
EXPOSE 4318 9464
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=12 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9464/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/main.ts"]
CMD ["run", "--config", "config/medoscope-stack.yaml"]
