# One image for all services; compose.yaml says which of them a container runs.
# TypeScript runs as it is, so there is nothing to build.
FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Node is here, so its packages, the only optional ones, are not wanted; install scripts neither.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY proto proto
COPY zipkin zipkin
COPY shared shared
COPY services services
COPY cli cli
# Compiled once, here: containers cannot write it, and read it only as the same user.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN mkdir .compile-cache && chown node .compile-cache
# The mount points of compose.yaml, whose volumes take over the owner.
RUN for name in $(node --eval "import('./shared/credentials/installation.ts').then((it) => console.log(...it.installationFolders()))"); do \
      mkdir -p /credentials/$name; \
    done && mkdir -p /data/cockroach1 /data/cockroach2 /data/cockroach3 /data/nats /data/nats2 /data/nats3 && chown -R node:node /credentials /data
USER node
RUN for service in services/*/main.ts; do \
      node --eval "import('./$(dirname $service)/container.ts').then(() => import('./$(dirname $service)/config.ts')).then(() => process.exit())"; \
    done
CMD ["node", "services/ordersvc/main.ts"]
