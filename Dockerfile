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
USER node
CMD ["node", "services/ordersvc/main.ts"]
